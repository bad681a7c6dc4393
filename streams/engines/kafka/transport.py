"""Faust's transport, handing on whole batches of records instead of one message after the other."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import aiokafka
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.types import ServiceT

from streams.engines.kafka.leaving import ends, give_up
from streams.engines.port import StorageError

if TYPE_CHECKING:
    from streams.engines.kafka.app import App

_WAIT_S: Final = 0.1
"""How long a fetch waits for records before it looks again at what is wanted."""
_FETCH_WAIT_MS: Final = 100
_FETCH_BYTES: Final = 1 << 20
"""Of each partition at a time: what is fetched waits in memory, for all partitions of both topics."""


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that fetches. Reads what was committed, alone, and never loses what it fetched while flow stopped."""

    app: "App"
    consumer: "Consumer"

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:  # noqa: ANN401
        config = self.app.config
        session_ms = config.session_timeout
        self._assignor = self.app.assignor
        return aiokafka.AIOKafkaConsumer(
            group_id=config.application,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_records=config.batch,
            # Faust has no say in when its consumer polls: that this process lives is told by heartbeats alone.
            max_poll_interval_ms=2**31 - 1,
            session_timeout_ms=session_ms,
            rebalance_timeout_ms=session_ms,
            heartbeat_interval_ms=max(session_ms // 10, 1),
            # A fetch that is under way delays all others of its broker: it must not wait long for its own.
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            max_partition_fetch_bytes=_FETCH_BYTES,
            **self.app.connection,
        )

    async def on_thread_stop(self) -> None:
        """Leave the group and disconnect; brokers that are away don't hold it up."""
        consumer = self._consumer
        if not await ends(super().on_thread_stop()) and consumer is not None:
            await give_up(consumer)

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's signature
        max_records: int | None = None,
    ) -> Any:  # noqa: ANN401
        flow = self.consumer.flow
        records = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        if flow != self.consumer.flow:
            # Flow was stopped while this waited, so nobody will take the records. They were taken off the fetcher at
            # this very moment, after any seek that came with the stop: going back to the first of them is right.
            for tp, fetched in records.items():
                consumer.seek(tp, fetched[0].offset)
            return {}
        return records

    async def _highwaters(self, partitions: list[TP]) -> Mapping[TP, int]:
        """Return the ends of partitions as they are now, with all transactions before them decided."""
        ends: Mapping[TP, int] = await self._ensure_consumer().end_offsets(partitions)
        return ends

    async def starts(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        """Return where partitions begin now: what was before is kept no longer."""
        return await self.call_thread(self._starts, list(partitions))  # type: ignore[no-any-return]

    async def _starts(self, partitions: list[TP]) -> Mapping[TP, int]:
        starts: Mapping[TP, int] = await self._ensure_consumer().beginning_offsets(partitions)
        return starts

    async def ends(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        """Return where partitions end now."""
        return await self.call_thread(self._highwaters, list(partitions))  # type: ignore[no-any-return]

    async def positions(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        """Return which offset of each partition is read next."""
        return await self.call_thread(self._positions, list(partitions))  # type: ignore[no-any-return]

    async def _positions(self, partitions: list[TP]) -> Mapping[TP, int]:
        consumer = self._ensure_consumer()
        return {tp: await consumer.position(tp) for tp in partitions if tp in consumer.assignment()}


class Consumer(driver.Consumer):
    """Hands batches of records to the worker, and batches of changelogs to the tables."""

    app: "App"
    _thread: ConsumerThread

    flow = 0
    """How often flow was stopped: what was fetched before a stop is not processed after it."""
    _sought = False
    """Whether sources are read from where the units are: Faust resumes them before it has this sought."""

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def ends(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        """Return where partitions end now."""
        return await self._thread.ends(partitions)

    async def positions(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        """Return which offset of each partition is read next."""
        return await self._thread.positions(partitions)

    def stop_flow(self) -> None:
        """Let nothing that is fetched from now on be processed before :meth:`resume_flow`."""
        self.flow += 1
        self._sought = False
        super().stop_flow()

    async def wait_empty(self) -> None:
        """Wait until nothing is being processed."""
        await self.app.worker.halt()

    async def perform_seek(self) -> None:
        """Go on where the units are, which is told by what they keep, and not by the offsets of the group."""
        n = self.app.config.partitions
        surplus = sorted(f"{tp.topic} {tp.partition}" for tp in self.assignment() if tp.partition >= n)
        if surplus:
            msg = f"kafka.partitions: are {n}, and yet there are {', '.join(surplus)}: nobody would process these"
            self.app.worker.fail(StorageError(f"{msg}; name another application with topics of its own"))
            return
        try:
            positions = await self.app.worker.positions()
        except StorageError as error:
            self.app.worker.fail(error)
            return
        starts = await self._thread.starts(positions)
        for tp, start in starts.items():
            if start > positions[tp]:
                self.app.worker.lost(tp, start - positions[tp])
        await self.seek_wait({tp: max(position, starts.get(tp, 0)) for tp, position in positions.items()})
        self._sought = True

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ANN401
        """Tell the group how far the units have come, for tools that show lag. Nothing depends on it."""
        offsets = self.app.worker.processed()
        if not offsets or self.app.rebalancing:
            return False
        try:
            return await self._commit(offsets)
        except KafkaError as error:
            self.log.info("offsets were not told to the group, which only tools that show lag miss: %s", error)
            return False

    async def verify_all_partitions_active(self) -> None:
        """Do nothing: Faust looks for messages that nobody has acknowledged, and here there are none."""

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        try:
            await self._drain(fetcher)
        except StorageError as error:
            self.app.worker.fail(error)
        except asyncio.CancelledError:
            if not self.app.should_stop:  # else Faust takes an end for a crash where it comes amid a rebalance
                raise

    def _wanted(self) -> set[TP]:
        wanted: set[TP] = self._get_active_partitions() - self.app.worker.satisfied()
        return wanted if self._sought else {tp for tp in wanted if self._is_changelog_tp(tp)}

    async def _drain(self, fetcher: ServiceT) -> None:
        worker, recovery = self.app.worker, self.app.tables.recovery
        while not (self.should_stop or fetcher.should_stop):
            if not self.flow_active:
                await self.wait(self.can_resume_flow.wait(), timeout=_WAIT_S)
                continue
            wanted = self._wanted()
            if not wanted:
                await worker.wait_for_room(_WAIT_S)
                continue
            flow = self.flow
            fetched = await self._getmany(wanted, _WAIT_S)
            if flow != self.flow:
                continue
            for tp, records in fetched.items():
                if self._is_changelog_tp(tp):
                    self.app.worker.shelves.follow(
                        tp.topic, tp.partition, [(r.key, r.value) for r in records], records[-1].offset + 1
                    )
                else:
                    worker.take(tp, records)
            following = recovery.following & wanted
            if following:
                for tp, position in (await self.positions(following)).items():
                    if flow == self.flow:
                        recovery.follow(tp, position)


class Transport(driver.Transport):
    """Loaded by Faust for brokers with the scheme ``monitor``."""

    Consumer = Consumer
