"""The ledger as its topic tells it: the sums over all partitions, for any number of replicas that export them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from threading import Lock
from time import monotonic
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.catalogue.monitor import WATERMARK
from streams.domain.ledger import TOTALS, Entry, Exemplar, Labels, Series
from streams.domain.watermark import BEGINNING
from streams.engines.kafka.config import Topics
from streams.engines.kafka.keeping import EXEMPLARS, REPORT, read_exemplar
from streams.engines.kafka.leaving import leave

_WAIT_MS: Final = 100
_LOOK_S: Final = 5.0
"""How often the end of the log is looked up."""

Write = tuple[bytes, bytes | None]


class Sums:
    """What all partitions of the ledger's topic come to. Takes whole transactions; may be read from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last: dict[tuple[int, bytes], tuple[int, int]] = {}
        self._hours: dict[int, dict[bytes, Entry]] = {}
        self._exemplars: dict[tuple[str, Labels], Exemplar] = {}
        self._reports: dict[int, Mapping[str, int]] = {}
        self._pending: dict[int, list[Write]] = {}

    def take(self, partition: int, writes: Iterable[Write]) -> None:
        """Take what was written to a partition. What counts are whole transactions: nobody ever sees half of one."""
        pending = self._pending.setdefault(partition, [])
        pending += writes
        last = next((n for n in reversed(range(len(pending))) if pending[n][0] == REPORT), None)
        if last is not None:
            self._apply(partition, pending[: last + 1])
            del pending[: last + 1]

    def _apply(self, partition: int, writes: Sequence[Write]) -> None:
        with self._lock:
            for key, value in writes:
                if key == REPORT:
                    self._reports[partition] = orjson.loads(value or b"{}")
                elif key.startswith(EXEMPLARS):
                    if value is not None:
                        bucket, exemplar = read_exemplar(key, value)
                        known = self._exemplars.get(bucket)
                        if known is None or known.occurred_at <= exemplar.occurred_at:  # so that replicas agree
                            self._exemplars[bucket] = exemplar
                else:
                    self._add(partition, key, value)

    def _add(self, partition: int, key: bytes, value: bytes | None) -> None:
        added, retracted = orjson.loads(value) if value is not None else (0, 0)
        before = self._last.pop((partition, key), (0, 0))
        if value is not None:
            self._last[partition, key] = (added, retracted)
        hour = int(key[1 : key.index(b",")])
        entries = self._hours.setdefault(hour, {})
        known = entries.get(key)
        if known is None:
            _, name, *labels = orjson.loads(key)
            known = Entry(Series(hour, name, tuple(labels)), 0, 0)
        entry = Entry(known.series, known.added + added - before[0], known.retracted + retracted - before[1])
        if entry.added or entry.retracted:
            entries[key] = entry
        else:
            entries.pop(key, None)
            if not entries:
                del self._hours[hour]

    def totals(self) -> list[Entry]:
        """Return the cumulative totals."""
        with self._lock:
            return list(self._hours.get(TOTALS, {}).values())

    def cohorts(self, since_hour: int) -> list[Entry]:
        """Return the entries that belong to an hour, from ``since_hour`` on."""
        with self._lock:
            hours = [entries for hour, entries in self._hours.items() if hour > TOTALS and hour >= since_hour]
            return [entry for entries in hours for entry in entries.values()]

    def slots(self) -> list[Entry]:
        """Return the entries that belong to a slot."""
        with self._lock:
            slots = [entries for hour, entries in self._hours.items() if hour < TOTALS]
            return [entry for entries in slots for entry in entries.values()]

    def exemplars(self) -> Mapping[tuple[str, Labels], Exemplar]:
        """Return the contact that stands for each bucket of a histogram."""
        with self._lock:
            return dict(self._exemplars)

    def reports(self) -> Mapping[int, Mapping[str, int]]:
        """Return how far each partition is."""
        with self._lock:
            return dict(self._reports)


class TopicLedger:
    """Follows the ledger's topic. Holds nothing that isn't in it, so it can be restarted or doubled at any time.

    It tells nothing before it has read all that there was when it began: totals would be lower than were told already,
    and a counter that falls is taken for one that began anew.
    """

    def __init__(self, topics: Topics, partitions: int, connection: Mapping[str, Any]) -> None:
        self._ledger = [TopicPartition(topics.ledger.name, partition) for partition in range(partitions)]
        self._log = [TopicPartition(topics.interactions.name, partition) for partition in range(partitions)]
        self._connection = connection
        self._told: Sums | None = None
        self._log_end: int | None = None

    @property
    def is_ready(self) -> bool:
        """Whether all is read that there was at the start."""
        return self._told is not None

    async def follow(self, stop: Callable[[], bool]) -> None:
        """Follow the topic until ``stop`` says so.

        Raises:
            KafkaError: the brokers can't be reached, or don't allow it.
        """
        consumer = AIOKafkaConsumer(
            enable_auto_commit=False, auto_offset_reset="earliest", isolation_level="read_committed", **self._connection
        )
        try:
            await consumer.start()
            consumer.assign(self._ledger)
            await consumer.seek_to_beginning(*self._ledger)
            sums, behind = Sums(), await consumer.end_offsets(self._ledger)
            looked_at = -inf
            while not stop():
                for tp, records in (await consumer.getmany(timeout_ms=_WAIT_MS)).items():
                    sums.take(tp.partition, [(record.key, record.value) for record in records])
                behind = {tp: end for tp, end in behind.items() if await consumer.position(tp) < end}
                if not behind:
                    self._told = sums
                if monotonic() - looked_at > _LOOK_S:
                    self._log_end = sum((await consumer.end_offsets(self._log)).values())
                    looked_at = monotonic()
        finally:
            await leave(consumer)

    def totals(self) -> Iterable[Entry]:
        """Return the cumulative totals."""
        return self._sums.totals()

    def cohorts(self, since_hour: int) -> Iterable[Entry]:
        """Return the entries that belong to an hour, from ``since_hour`` on."""
        return self._sums.cohorts(since_hour)

    def slots(self) -> Iterable[Entry]:
        """Return the entries that belong to a slot."""
        return self._sums.slots()

    def exemplars(self) -> Mapping[tuple[str, Labels], Exemplar]:
        """Return the contact that stands for each bucket of a histogram."""
        return self._sums.exemplars()

    def reports(self) -> Mapping[int, Mapping[str, int]]:
        """Return how far each partition is: offsets, watermark, and how much state it keeps."""
        return self._sums.reports()

    def health(self) -> Mapping[str, float]:
        """Return the gauges of the log and the workers by metric name, over all partitions."""
        reports = self._sums.reports().values()
        gauges: dict[str, float] = {}
        if self._log_end is not None:
            gauges["monitor_log_end_offset"] = self._log_end
        if self.is_ready:
            gauges["monitor_log_applied_offset"] = sum(report["events"] for report in reports)
            gauges["monitor_state_rows"] = sum(report["states"] for report in reports)
            gauges["monitor_open_timers"] = sum(report["timers"] for report in reports)
        watermarks = [report["watermark"] for report in reports]
        if len(watermarks) == len(self._ledger) and min(watermarks) > BEGINNING:
            gauges[WATERMARK] = min(watermarks) / 1000
        return gauges

    @property
    def _sums(self) -> Sums:
        return self._told or _NOTHING


_NOTHING: Final = Sums()
