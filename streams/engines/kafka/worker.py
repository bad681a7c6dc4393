"""A worker: some of the partitions, as Faust assigns them, each with a unit, a pump, a writer and a shelf."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic
from typing import Any, Final

from aiokafka.errors import KafkaError
from faust.exceptions import ConsistencyError
from faust.types import TP

from streams.domain.policy import Policy
from streams.engines.kafka.app import App
from streams.engines.kafka.config import KafkaConfig
from streams.engines.kafka.connection import connection
from streams.engines.kafka.pump import Inbox, Pump
from streams.engines.kafka.shelf import Memory
from streams.engines.kafka.shelves import Shelves
from streams.engines.kafka.stats import Stats
from streams.engines.kafka.unit import Unit
from streams.engines.kafka.writer import Writer
from streams.engines.port import StorageError

logger = logging.getLogger(__name__)

_LOOK_S: Final = 0.1
_AGAIN_S: Final = 1.0
"""How long to wait before what failed is tried again."""
_HALT_S: Final = 8.0
"""How long a step that is under way may take to end: whoever stops a process kills it after half a minute."""
_LARGE_STEPS: Final = 3
"""How many large steps may be held in memory at once: one to process while transactions of others are written."""
_STUCK_S: Final = 600.0
"""Far longer than brokers may be away before a step fails."""


class Worker:
    """Runs until it is told to stop, or something is wrong that trying again does not mend."""

    def __init__(self, config: KafkaConfig, policy: Policy) -> None:
        """Claim the folder of the shelves, until it is closed; nothing runs yet.

        Raises:
            StorageError: the folder, or a file of certificates, can't be used.
        """
        self.config = config
        self.stats = Stats()
        self._policy = policy
        topics = config.topics
        self._connection = connection(config)
        self._names = (topics.interactions.name, topics.facts.name)
        self.shelves = Shelves(
            config.state, Memory(config.cache, config.write_buffer), topics.state.name, topics.ledger.name
        )
        self._gate = asyncio.Semaphore(_LARGE_STEPS)
        self._writers: dict[int, Writer] = {}
        self._pumps: dict[int, Pump] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._error: Exception | None = None
        self._rebalances = 0
        self._again: asyncio.Task[None] | None = None
        self.app: App | None = None

    async def run(self, stop: Callable[[], bool]) -> None:
        """Work until ``stop`` says so; may be run again after an error of the brokers.

        Raises:
            StorageError: a shelf can't be written, or was begun with other settings.
            KafkaError: the brokers refuse what we need.
        """
        self.app = app = App(self, self.config, self._connection)
        starting = asyncio.create_task(app.start())
        error: BaseException | None = None
        try:
            while not stop() and error is None:
                await asyncio.sleep(_LOOK_S)
                error = self._error or app.crash_reason or (starting.exception() if starting.done() else None)
        finally:
            await app.stop()
            starting.cancel()
            await asyncio.wait([starting])
            for partition in list(self._writers):
                self._drop(partition)
            if self._background:
                await asyncio.wait(self._background)
            self.shelves.keep(())
            self._rebalances += app.rebalancing_count
            self.app = None
        if isinstance(error, ConsistencyError):
            msg = f"{self.config.state}: is ahead of the topics, which were deleted or put back: remove this folder"
            raise StorageError(msg) from error
        if isinstance(error, Exception):
            raise error
        if error is not None:
            msg = f"Faust has ended by itself: {error!r}"
            raise KafkaError(msg)

    def close(self) -> None:
        """Let others have the folder of the shelves, once nothing runs any more."""
        self.shelves.close()

    # -- how it is ------------------------------------------------------------------------------------------------

    @property
    def partitions(self) -> list[int]:
        """Those that it processes."""
        return sorted(self._pumps)

    def works_on(self, partition: int) -> bool:
        """Whether a partition has been its own without a break, so that its unit and its shelf are up to date."""
        return partition in self._pumps

    @property
    def pumps(self) -> Mapping[int, Pump]:
        """What processes each of them."""
        return self._pumps

    @property
    def rebalances(self) -> int:
        """How often partitions were assigned anew."""
        return self._rebalances + (0 if self.app is None else self.app.rebalancing_count)

    @property
    def recovering(self) -> int:
        """How many records of changelogs are still to be followed before work begins."""
        app = self.app
        return 0 if app is None or app.tables.actives_ready else max(app.recovery.active_remaining_total(), 0)

    @property
    def problem(self) -> str | None:
        """What stands in the way of its work, if anything does."""
        app = self.app
        if self._error is not None:
            return f"the worker has stopped: {self._error}"
        if app is None or (not app.rebalancing and not app.rebalancing_count):
            return "the worker is waiting for its partitions"
        if app.rebalancing:
            return "partitions are being assigned"
        if not app.tables.actives_ready:
            return f"state is being recovered: {self.recovering} records of changelogs to go"
        if self._again is not None and not self._again.done():
            return "a partition begins again from what was committed"
        return None

    @property
    def hangs(self) -> str | None:
        """What shows that the process must be restarted, if anything does."""
        now = monotonic()
        for partition, pump in list(self._pumps.items()):
            since = pump.since
            if since is not None and now - since > _STUCK_S:
                return f"partition {partition} has been on one batch for {now - since:.0f} s"
        return None

    # -- what Faust asks ------------------------------------------------------------------------------------------

    async def fence(self, partitions: Iterable[int]) -> None:
        """Be the only writer of partitions, and let what former owners left open be undone."""
        fresh = [partition for partition in partitions if partition not in self._writers]
        writers = [
            Writer(self.config.application, p, self.config.topics, self._connection, self.config.transaction_timeout)
            for p in fresh
        ]
        self._writers.update(zip(fresh, writers, strict=True))
        starts = [asyncio.create_task(writer.start()) for writer in writers]
        try:
            await asyncio.gather(*starts)
        except BaseException:
            for start in starts:  # one that is closed while it starts goes on, unowned, and fences its successor
                start.cancel()
            await asyncio.wait(starts)
            for partition in fresh:
                self._drop(partition)
            raise

    async def halt(self) -> None:
        """Let the steps under way be done; give up those that don't get done in time."""
        if not self._pumps:
            return
        halting = {asyncio.create_task(pump.halt()): partition for partition, pump in self._pumps.items()}
        _, late = await asyncio.wait(halting, timeout=min(self.config.session_timeout / 2000, _HALT_S))
        for task in late:
            logger.warning("partition %d: a transaction did not end in time and is given up", halting[task])
            task.cancel()
            self._drop(halting[task])

    async def keep(self, partitions: set[int]) -> None:
        """Let go of partitions that are others' now."""
        assert self.app is not None  # noqa: S101 - it is the app that calls
        state = self.config.topics.state.name
        active = {tp.partition for tp in self.app.assignor.assigned_actives() if tp.topic == state}
        for partition in set(self._writers) - active:
            self._drop(partition)
        self.shelves.keep(partitions)

    async def positions(self) -> Mapping[TP, int]:
        """Return from where each partition is to be read, having made its unit if there is none yet, and begin."""
        positions: dict[TP, int] = {}
        logger.info(
            "processes %d partitions: %s", len(self._writers), ", ".join(map(str, sorted(self._writers))) or "none"
        )
        for partition, writer in self._writers.items():
            pump = self._pumps.get(partition)
            if pump is None:
                shelf = self.shelves[partition]
                unit = Unit(partition, self.config.partitions, self._policy, shelf, self._names)
                pump = Pump(unit, writer, self.shelves, self.config.batch, self.stats, self._failed, self._gate)
                self._pumps[partition] = pump
            for topic, offset in zip(self._names, pump.unit.reading, strict=True):
                positions[TP(topic, partition)] = offset
            if pump.unit.is_behind:
                pump.start()
        return positions

    def lost(self, tp: TP, records: int) -> None:
        """Take note that records are gone that were not processed, and say so: what they told will never count."""
        self.stats.lost["interactions" if tp.topic == self._names[0] else "facts"] += records
        logger.error(
            "%s, partition %d: %d records are kept no longer and were never processed; what they told is missing from"
            " all totals: have workers run more often than the topic's retention, or make that longer",
            *(tp.topic, tp.partition, records),
        )

    def processed(self) -> Mapping[TP, int]:
        """Return the offsets after the last records that were processed."""
        return {
            TP(topic, partition): offset
            for partition, pump in self._pumps.items()
            for topic, offset in zip(self._names, pump.unit.processed, strict=True)
        }

    def take(self, tp: TP, records: Sequence[Any]) -> None:
        """Process records, sooner or later."""
        pump = self._pumps.get(tp.partition)
        if pump is not None:  # else it has failed, and they will be fetched again
            self._inbox(pump, tp.topic).put(records)
            pump.start()

    def satisfied(self) -> set[TP]:
        """Return the partitions of which enough is waiting already."""
        return {
            TP(topic, partition)
            for partition, pump in self._pumps.items()
            for topic in self._names
            if pump.is_full(self._inbox(pump, topic)) or (topic == self._names[0] and pump.unit.is_far_ahead)
        }

    async def wait_for_room(self, seconds: float) -> None:
        """Wait a moment for something to be processed."""
        await asyncio.sleep(seconds / 10)

    def fail(self, error: StorageError) -> None:
        """End because of an error. Raised within Faust it would come out as a crash, with pages of log."""
        self._error = self._error or error

    # -- troubles -------------------------------------------------------------------------------------------------

    def _failed(self, partition: int, error: Exception) -> None:
        self._drop(partition)  # whatever it is: what the unit has in memory is not what was committed
        if not isinstance(error, KafkaError):
            self._error = self._error or error
            return
        logger.warning("partition %d: %s: begins again from what was committed", partition, error)
        self.stats.failures[type(error).__name__] += 1
        if self._again is None or self._again.done():
            self._again = asyncio.create_task(self._recover())

    async def _recover(self) -> None:
        """Have Faust recover all of our partitions again, as after a rebalance, unless one is under way anyway."""
        await asyncio.sleep(_AGAIN_S)
        app = self.app
        if app is None or app.rebalancing or app.should_stop:
            return
        consumer = app.consumer
        assigned = consumer.assignment()
        consumer.stop_flow()
        app.flow_control.suspend()
        consumer.pause_partitions(assigned)
        await self.halt()
        app.tables.on_rebalance_start()
        await app.tables.recovery.on_rebalance(assigned, set(), set(), app.consumer_generation_id)

    def _drop(self, partition: int) -> None:
        """Let go of a partition's unit and writer. What they had under way is undone by whoever fences them."""
        pump = self._pumps.pop(partition, None)
        if pump is not None:
            pump.give_up()
        writer = self._writers.pop(partition, None)
        if writer is not None:
            task = asyncio.create_task(writer.close())
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    def _inbox(self, pump: Pump, topic: str) -> Inbox:
        return pump.events if topic == self._names[0] else pump.facts
