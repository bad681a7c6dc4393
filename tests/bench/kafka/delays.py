"""From when an event was appended until the ledger that includes it, and all that it changes, could be read."""

import asyncio
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import monotonic, time
from typing import Final, NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.domain.units import SECOND, Millis
from streams.domain.watermark import BEGINNING
from streams.engines.kafka.keeping import REPORT
from tests.bench.kafka.join import seconds_of

_BOUNDS: Final = (5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 2000, 5000, 10_000)
_BAR: Final = 50


class Appended(NamedTuple):
    """An event: when the broker appended it, and when it happened."""

    at: Millis
    occurred_at: Millis


class Told(NamedTuple):
    """A report that could be read at a time.

    It says up to which offset its partition's events are counted in the ledger, and before which time all that events
    change is in it for the partition's customers.
    """

    next: int
    settled: Millis
    at: float


class Reports:
    """Everything that the reports in a ledger's topic have told, by partition, in order."""

    def __init__(self, bootstrap: str, topic: str, partitions: int) -> None:
        self.told: dict[int, list[Told]] = {partition: [] for partition in range(partitions)}
        self._bootstrap = bootstrap
        self._topic = topic

    async def follow(self) -> None:
        """Read what was committed, as the exporter does, until cancelled."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
        )
        await consumer.start()
        try:
            consumer.assign([TopicPartition(self._topic, partition) for partition in self.told])
            while True:
                fetched = await consumer.getmany(timeout_ms=100)
                now = time() * 1000
                for tp, records in fetched.items():
                    for record in records:
                        if record.key == REPORT:
                            report = orjson.loads(record.value)
                            self.told[tp.partition].append(Told(report["events"], report["watermark"], now))
        finally:
            await consumer.stop()

    async def wait_for(self, ends: Mapping[int, int], until: Millis, within_s: float) -> bool:
        """Wait until all events up to some offsets are in the ledger, and all that they change before a time.

        Say whether they got there in time.
        """
        deadline = monotonic() + within_s
        while not all(told and told[-1].next >= ends[p] and told[-1].settled >= until for p, told in self.told.items()):
            if monotonic() > deadline:
                return False
            await asyncio.sleep(0.1)
        return True


async def appended(bootstrap: str, topic: str, partitions: int) -> dict[int, list[Appended]]:
    """Return the events of a topic, by partition and offset."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    tps = [TopicPartition(topic, partition) for partition in range(partitions)]
    consumer.assign(tps)
    ends = await consumer.end_offsets(tps)
    events: dict[int, list[Appended]] = {partition: [] for partition in range(partitions)}
    while any(len(events[tp.partition]) < end for tp, end in ends.items()):
        for tp, records in (await consumer.getmany(timeout_ms=100)).items():
            events[tp.partition] += [
                Appended(one.timestamp, round(seconds_of(orjson.loads(one.value)) * SECOND)) for one in records
            ]
    await consumer.stop()
    return events


def until_counted(events: Sequence[Appended], told: Sequence[Told]) -> Iterator[tuple[Millis, float]]:
    """Yield for each event of a partition when it was appended, and after how many milliseconds it was counted."""
    reports = iter(told)
    report = Told(0, BEGINNING, 0.0)
    for offset, event in enumerate(events):
        while report.next <= offset:
            report = next(reports)
        yield event.at, report.at - event.at


def until_settled(events: Iterable[Appended], told: Mapping[int, Sequence[Told]]) -> Iterator[tuple[Millis, float]]:
    """Yield when an event was appended, and after how many milliseconds all that it changes was in the ledger.

    Which partition its customer is in is left aside: it counts when the last of them has come that far. Events that
    none has come to, such as the ticks that end a log, are left out.
    """
    reports = sorted((report.at, partition, report.settled) for partition, own in told.items() for report in own)
    latest = dict.fromkeys(told, BEGINNING)
    settled: list[Millis] = []
    for _, partition, watermark in reports:
        latest[partition] = watermark
        settled.append(min(latest.values()))
    for event in events:
        first = bisect_right(settled, event.occurred_at)
        if first < len(settled):
            yield event.at, reports[first][0] - event.at


def quantile(ordered: Sequence[float], q: float) -> float:
    """Return a quantile of figures that are in order: the least that at least that share of them don't exceed."""
    return ordered[max(-int(-q * len(ordered) // 1) - 1, 0)]


def histogram(figures: Sequence[float]) -> Iterator[str]:
    """Yield the lines of a histogram of milliseconds, from the first bucket with anything in it to the last."""
    counts = Counter(bisect_left(_BOUNDS, each) for each in figures)
    most = max(counts.values())
    for bucket in range(min(counts), max(counts) + 1):
        low = f"{_BOUNDS[bucket - 1]:,}" if bucket else "0"
        title = f"{low} to {_BOUNDS[bucket]:,}" if bucket < len(_BOUNDS) else f"over {low}"
        count = counts[bucket]
        yield f"  {title:>16} ms  {count / len(figures):6.1%}  {'#' * round(_BAR * count / most)}".rstrip()
