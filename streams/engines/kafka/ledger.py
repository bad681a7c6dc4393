"""The ledger as its topic tells it: the sums over all partitions, for any number of replicas that export them."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.domain.ledger import TOTALS, Entry, Exemplar, Labels, Series
from streams.domain.watermark import BEGINNING
from streams.engines.kafka.keeping import EXEMPLARS, REPORT, read_exemplar

_WAIT_MS: Final = 100

Write = tuple[bytes, bytes | None]


class Sums:
    """What all partitions of the ledger's topic come to. Takes whole transactions; may be read from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last: dict[tuple[int, bytes], tuple[int, int]] = {}
        self._sums: dict[bytes, tuple[Series, int, int]] = {}
        self._exemplars: dict[tuple[str, Labels], Exemplar] = {}
        self._reports: dict[int, Mapping[str, int]] = {}

    def apply(self, partition: int, writes: Sequence[Write]) -> None:
        """Take what one or more transactions wrote to a partition."""
        with self._lock:
            for key, value in writes:
                if key == REPORT:
                    self._reports[partition] = orjson.loads(value or b"{}")
                elif key.startswith(EXEMPLARS):
                    if value is not None:
                        bucket, exemplar = read_exemplar(key, value)
                        self._exemplars[bucket] = exemplar
                else:
                    self._add(partition, key, value)

    def _add(self, partition: int, key: bytes, value: bytes | None) -> None:
        added, retracted = orjson.loads(value) if value is not None else (0, 0)
        before = self._last.pop((partition, key), (0, 0))
        if value is not None:
            self._last[partition, key] = (added, retracted)
        known = self._sums.get(key)
        if known is None:
            hour, name, *labels = orjson.loads(key)
            known = (Series(hour, name, tuple(labels)), 0, 0)
        sums = (known[0], known[1] + added - before[0], known[2] + retracted - before[1])
        if sums[1] or sums[2]:
            self._sums[key] = sums
        else:
            self._sums.pop(key, None)

    def entries(self, wanted: Callable[[int], bool]) -> list[Entry]:
        """Return the entries of the hours that are wanted."""
        with self._lock:
            return [Entry(*entry) for entry in self._sums.values() if wanted(entry[0].hour)]

    def exemplars(self) -> Mapping[tuple[str, Labels], Exemplar]:
        """Return the contact that stands for each bucket of a histogram."""
        with self._lock:
            return dict(self._exemplars)

    def reports(self) -> Mapping[int, Mapping[str, int]]:
        """Return how far each partition is."""
        with self._lock:
            return dict(self._reports)


class TopicLedger:
    """Follows the ledger's topic. Holds nothing that isn't in it, so it can be restarted or doubled at any time."""

    def __init__(self, topic: str, partitions: int, connection: Mapping[str, Any]) -> None:
        self._topic = topic
        self._partitions = partitions
        self._connection = connection
        self._sums = Sums()
        self._pending: dict[int, list[Write]] = {}
        self._behind: dict[int, int] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether all is read that there was at the start: before, totals are lower than was told already."""
        return self._behind is not None and not self._behind

    async def follow(self, stop: Callable[[], bool]) -> None:
        """Follow the topic until ``stop`` says so.

        Raises:
            KafkaError: the brokers don't allow it.
        """
        consumer = AIOKafkaConsumer(
            enable_auto_commit=False, auto_offset_reset="earliest", isolation_level="read_committed", **self._connection
        )
        await consumer.start()
        try:
            tps = [TopicPartition(self._topic, partition) for partition in range(self._partitions)]
            consumer.assign(tps)
            await consumer.seek_to_beginning(*tps)
            ends = await consumer.end_offsets(tps)
            self._behind = {tp.partition: end for tp, end in ends.items() if end > await consumer.position(tp)}
            while not stop():
                fetched = await consumer.getmany(timeout_ms=_WAIT_MS)
                for tp, records in fetched.items():
                    self._take(tp.partition, [(record.key, record.value) for record in records])
                if self._behind:
                    self._behind = {
                        partition: end
                        for partition, end in self._behind.items()
                        if await consumer.position(TopicPartition(self._topic, partition)) < end
                    }
                await asyncio.sleep(0)
        finally:
            await consumer.stop()

    def _take(self, partition: int, writes: list[Write]) -> None:
        """Apply whole transactions, so that nobody ever sees half of one."""
        pending = self._pending.setdefault(partition, [])
        pending += writes
        last = next((n for n in reversed(range(len(pending))) if pending[n][0] == REPORT), None)
        if last is not None:
            self._sums.apply(partition, pending[: last + 1])
            del pending[: last + 1]

    def totals(self) -> Iterable[Entry]:
        """Return the cumulative totals."""
        return self._sums.entries(lambda hour: hour == TOTALS)

    def cohorts(self, since_hour: int) -> Iterable[Entry]:
        """Return the entries that belong to an hour, from ``since_hour`` on."""
        return self._sums.entries(lambda hour: hour != TOTALS and hour >= since_hour)

    def exemplars(self) -> Mapping[tuple[str, Labels], Exemplar]:
        """Return the contact that stands for each bucket of a histogram."""
        return self._sums.exemplars()

    def reports(self) -> Mapping[int, Mapping[str, int]]:
        """Return how far each partition is: offsets, watermark, and how much state it keeps."""
        return self._sums.reports()

    def health(self) -> Mapping[str, float]:
        """Return the gauges of the workers by metric name, over all partitions."""
        reports = self._sums.reports().values()
        gauges = {
            "monitor_log_applied_offset": float(sum(report["events"] for report in reports)),
            "monitor_state_rows": float(sum(report["states"] for report in reports)),
            "monitor_open_timers": float(sum(report["timers"] for report in reports)),
        }
        watermarks = [report["watermark"] for report in reports]
        if len(watermarks) == self._partitions and min(watermarks) > BEGINNING:
            gauges["monitor_watermark_timestamp_seconds"] = min(watermarks) / 1000
        return gauges
