"""From when an event was appended until the ledger that includes it could be read."""

import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic, time
from typing import Final, NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.domain.units import Millis
from streams.engines.kafka.keeping import REPORT

_BOUNDS: Final = (5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 2000, 5000, 10_000)
_BAR: Final = 50


class Told(NamedTuple):
    """A report that could be read: the offset up to which its partition's events are in the ledger, and when."""

    next: int
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
                            self.told[tp.partition].append(Told(orjson.loads(record.value)["events"], now))
        finally:
            await consumer.stop()

    async def wait_for(self, ends: Mapping[int, int], within_s: float) -> bool:
        """Wait until all events up to some offsets are in the ledger; say whether they got there in time."""
        deadline = monotonic() + within_s
        while any(ends[partition] > (told[-1].next if told else 0) for partition, told in self.told.items()):
            if monotonic() > deadline:
                return False
            await asyncio.sleep(0.1)
        return True


async def appended(bootstrap: str, topic: str, partitions: int) -> dict[int, list[Millis]]:
    """Return when the broker appended each record of a topic, by partition and offset."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    tps = [TopicPartition(topic, partition) for partition in range(partitions)]
    consumer.assign(tps)
    ends = await consumer.end_offsets(tps)
    times: dict[int, list[Millis]] = {partition: [] for partition in range(partitions)}
    while any(len(times[tp.partition]) < end for tp, end in ends.items()):
        for tp, records in (await consumer.getmany(timeout_ms=100)).items():
            times[tp.partition] += [record.timestamp for record in records]
    await consumer.stop()
    return times


def delays(times: Sequence[Millis], told: Sequence[Told], since: float) -> Iterator[float]:
    """Yield the milliseconds that each event of a partition took of those that were appended since a time."""
    reports = iter(told)
    report = Told(0, 0.0)
    for offset, at in enumerate(times):
        while report.next <= offset:
            report = next(reports)
        if at >= since:
            yield report.at - at


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
