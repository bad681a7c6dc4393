"""The Kafka engine as a service: the roles of this process on one event loop, kept going until it is told to stop."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final, TypeAlias

from aiokafka.errors import KafkaError

from streams.domain.policy import Policy
from streams.domain.units import Millis
from streams.engines.kafka import topics
from streams.engines.kafka.config import KafkaConfig
from streams.engines.kafka.connection import connection
from streams.engines.kafka.ledger import TopicLedger
from streams.engines.kafka.producing import LogProducer
from streams.engines.kafka.watch import Watch
from streams.engines.kafka.worker import Worker
from streams.engines.port import StorageError
from streams.engines.roles import Role

Stop: TypeAlias = Callable[[], bool]
Work: TypeAlias = Callable[[Stop], Coroutine[None, None, None]]
"""What goes on until it is told to stop."""

logger = logging.getLogger(__name__)

_BEAT_S: Final = 0.5
_AGAIN_S: Final = 5.0
_ALIVE_S: Final = 60.0
"""A loop that has not come round for longer hangs."""
_APPEND_S: Final = 30.0
_END_S: Final = 15.0
"""How long the roles may take to end, longer than a worker does where no broker answers."""
_CONNECTED_S: Final = 10.0
_NOT_CONNECTED: Final = "not connected to the brokers"


class Service:
    """Does what its roles ask for. Its methods but for :meth:`run` may be called from any thread."""

    def __init__(self, config: KafkaConfig, policy: Policy, roles: Sequence[Role], now: Callable[[], Millis]) -> None:
        """Claim what the roles need; nothing runs yet.

        Raises:
            StorageError: the folder of the state, or a file of certificates, can't be used.
        """
        self._config = config
        self._now = now
        self._connection = connection(config)
        self.worker = Worker(config, policy) if Role.WORKER in roles else None
        self.ledger = (
            TopicLedger(config.topics, config.partitions, self._connection) if Role.EXPORTER in roles else None
        )
        self.watch = None if self.worker is None else Watch(self.worker)
        self._gateway = Role.GATEWAY in roles
        self._producer: LogProducer
        self._connected = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._beat = monotonic()
        self._trouble: dict[str, str] = {}
        self.ticking = True
        """Whether time moves on with the clock; not while what happened long ago is being put in the log."""

    @property
    def hangs(self) -> str | None:
        """What shows that the process must be restarted; ``None`` if it makes progress."""
        silent = monotonic() - self._beat
        if silent > _ALIVE_S:
            return f"the event loop has not come round for {silent:.0f} s"
        return None if self.worker is None else self.worker.hangs

    @property
    def problem(self) -> str | None:
        """What stands in the way of its work; ``None`` if nothing does."""
        problems = list(self._trouble.values())
        if self.worker is not None and self.worker.problem is not None:
            problems.append(self.worker.problem)
        if self.ledger is not None and not self.ledger.is_ready:
            problems.append("the ledger is being read")
        if self._gateway and not self._connected.is_set():
            problems.append("the gateway is not connected yet")
        return "; ".join(problems) or None

    def append(self, records: Sequence[bytes], received_at: Millis) -> int:
        """Put records in the log; the brokers have them on return. Return how many there were.

        Raises:
            StorageError: the brokers did not acknowledge all of them; some may be in the log.
        """
        loop = self._loop
        if loop is None or loop.is_closed():
            raise StorageError(_NOT_CONNECTED)
        future = asyncio.run_coroutine_threadsafe(self.put(records, received_at), loop)
        try:
            future.result(_APPEND_S)
        except TimeoutError as error:
            future.cancel()
            msg = f"no answer within {_APPEND_S:g} s"
            raise StorageError(msg) from error
        return len(records)

    async def put(self, records: Sequence[bytes], received_at: Millis) -> None:
        """Put records in the log, from the event loop that the service runs on; the brokers have them on return.

        Raises:
            StorageError: the brokers did not acknowledge all of them; some may be in the log.
        """
        try:
            async with asyncio.timeout(_CONNECTED_S):
                await self._connected.wait()
        except TimeoutError as error:
            raise StorageError(_NOT_CONNECTED) from error
        await self._producer.append(records, received_at)

    def announcing(self, look: Callable[[], Sequence[bytes]], every_s: float) -> Work:
        """Return what puts in the log what looking at the ledger says, now and then; what could not be put, later."""

        async def announce(stop: Stop) -> None:
            pending: list[bytes] = []
            async with _started(LogProducer(self._config, self._connection)) as producer:
                while not stop():
                    if self.ledger is not None and self.ledger.is_ready:
                        pending += await asyncio.to_thread(look)
                    try:
                        await producer.append(pending, self._now())
                        pending.clear()
                        self._trouble.pop("spikes", None)
                    except StorageError as error:
                        self._trouble["spikes"] = f"spikes can't be told: {error}"
                    looked = monotonic()
                    while not stop() and monotonic() < looked + every_s:  # noqa: ASYNC110 - it is not an event of this loop
                        await asyncio.sleep(_BEAT_S)

        return self._trying("spikes", announce)

    async def run(self, stop: Stop, *beside: Work) -> None:
        """Do what the roles ask for, and what else is to be done beside them, until ``stop`` says so.

        Raises:
            StorageError: something is wrong that trying again does not mend, or the brokers can't be reached at first.
        """
        self._loop = asyncio.get_running_loop()
        self._beat = monotonic()
        found = await topics.problems(self._config, self._connection)
        if found:
            raise StorageError("\n".join(found))
        tasks = [asyncio.create_task(work(stop)) for work in (*self._roles(), *beside)]
        try:
            while not stop() and not any(map(_has_failed, tasks)):
                self._beat = monotonic()
                await asyncio.sleep(_BEAT_S)
        finally:
            await _end(tasks)

    def close(self) -> None:
        """Let go of what was claimed, once nothing runs any more."""
        if self.worker is not None:
            self.worker.close()

    def _roles(self) -> Iterator[Work]:
        if self.worker is not None and self.watch is not None:
            yield self._trying("worker", self.worker.run)
            yield self.watch.run
            if self._config.tick is not None:
                yield self._trying("ticks", self._tick)
        if self.ledger is not None:
            yield self._trying("exporter", self.ledger.follow)
        if self._gateway:
            yield self._trying("gateway", self._produce)

    def _trying(self, role: str, work: Work) -> Work:
        """Return what works until told to stop, again and again where the brokers are in the way."""

        async def trying(stop: Stop) -> None:
            while not stop():
                try:
                    await work(stop)
                except (KafkaError, ConnectionError, TimeoutError) as error:
                    if stop():
                        return
                    self._trouble[role] = f"{role}: {error!r}"
                    logger.warning("%s: %r: is tried again in %g s", role, error, _AGAIN_S)
                    await asyncio.sleep(_AGAIN_S)
                    self._trouble.pop(role, None)

        return trying

    async def _tick(self, stop: Stop) -> None:
        assert self.worker is not None and self._config.tick is not None  # noqa: PT018, S101 - else this is not run
        async with _started(LogProducer(self._config, self._connection)) as producer:
            while not stop():
                partitions = self.worker.partitions
                if partitions and self.ticking:
                    try:
                        await producer.tick(partitions, self._now())
                    except StorageError as error:
                        if "ticks" not in self._trouble:
                            logger.warning("partitions are not told the time: %s", error)
                        self._trouble["ticks"] = f"partitions are not told the time: {error}"
                    else:
                        self._trouble.pop("ticks", None)
                await asyncio.sleep(self._config.tick / 1000)

    async def _produce(self, stop: Stop) -> None:
        self._producer = LogProducer(self._config, self._connection)
        async with _started(self._producer):
            self._connected.set()
            try:
                while not stop():  # noqa: ASYNC110 - it is not an event of this loop
                    await asyncio.sleep(_BEAT_S)
            finally:
                self._connected.clear()


@asynccontextmanager
async def _started(producer: LogProducer) -> AsyncIterator[LogProducer]:
    try:
        await producer.start()
        yield producer
    finally:
        await producer.close()


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for what ends by itself, being told to; where something has failed, end it all and raise what has.

    What waits for brokers that are away is ended, too, before whoever stops the process kills it.
    """
    if not any(map(_has_failed, tasks)):
        await asyncio.wait(tasks, timeout=_END_S)
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


def _has_failed(task: asyncio.Task[None]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
