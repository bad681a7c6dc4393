"""Whether a worker grows under a steady load once its state does not.

A simulated centre is played fast: 2,000 events/s are nine weeks of it in five minutes. That is as long as anything is
kept, so from then on as much is forgotten as is learnt.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import linear_regression
from time import monotonic
from typing import Any, Final, NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.kafka.cluster import Cluster
from streams.domain.units import DAY
from streams.engines.kafka.keeping import REPORT
from tests.bench.kafka.crew import WorkerProcess, crew
from tests.bench.kafka.log import MOST, START, Record, send
from tests.bench.kafka.visits import centre
from tests.site import Site, make_config

_READY_S: Final = 120.0
_SEND_S: Final = 0.05
_SAMPLE_S: Final = 10.0
_ROW_S: Final = 60.0
_TAIL: Final = 200
"""So many records from its end, a partition of the ledger's topic has a report."""


_TITLES: Final = " min     events   behind  CPU %     MB  files  disk MB    states   timers log, days"


class Sample(NamedTuple):
    """How a worker is, so many seconds after the load began. Sizes are in bytes, CPU in seconds."""

    at: float
    events: int
    behind: int
    cpu: float
    resident: int
    handles: int
    disk: int


async def run(cluster: Cluster, minutes: float, rate: float, partitions: int) -> AsyncIterator[str]:
    """Put a worker under load; yield a line a minute, and in the end how fast it grew.

    Raises:
        CommandError: the worker ended by itself.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        site = Site(make_config(cluster.bootstrap, Path(folder), partitions))
        await site.create()
        with crew(site.config, Path(folder)) as own:
            worker = own.add()
            await worker.ready(_READY_S)
            load = Load(site, rate)
            loading = asyncio.create_task(load.run(minutes * 60))
            samples: list[Sample] = []
            yield _TITLES
            while not loading.done():
                await asyncio.wait([loading], timeout=_SAMPLE_S)
                samples.append(await _sample(worker, load))
                if len(samples) % (_ROW_S // _SAMPLE_S) == 0:
                    yield _row(samples, await _reports(site))
            await loading
            await worker.stop()
    for line in _growth(samples):
        yield line


class Load:
    """A simulated centre at a steady rate."""

    def __init__(self, site: Site, rate: float) -> None:
        self.sent = 0
        self.began = monotonic()
        self._site = site
        self._rate = rate

    async def run(self, seconds: float) -> None:
        """Produce for so long."""
        config = self._site.config
        producer = AIOKafkaProducer(bootstrap_servers=config.brokers[0], acks="all", max_batch_size=MOST)
        await producer.start()
        records: Iterator[Record] = centre(config.partitions)
        self.began = monotonic()
        while (passed := monotonic() - self.began) < seconds:
            due = list(islice(records, int(passed * self._rate) - self.sent))
            await send(producer, config.topics.interactions.name, due)
            self.sent += len(due)
            await asyncio.sleep(_SEND_S)
        await producer.stop()


async def _sample(worker: WorkerProcess, load: Load) -> Sample:
    done = (await worker.figures()).records.get("interactions", 0)
    usage = worker.usage()
    at = monotonic() - load.began
    behind = max(load.sent - round(done), 0)
    return Sample(at, load.sent, behind, usage.cpu, usage.resident, usage.handles, worker.disk())


async def _reports(site: Site) -> Sequence[dict[str, Any]]:
    """Return the newest report of each partition."""
    topic = site.config.topics.ledger.name
    consumer = AIOKafkaConsumer(isolation_level="read_committed", **site.connection)
    await consumer.start()
    tps = [TopicPartition(topic, partition) for partition in range(site.config.partitions)]
    consumer.assign(tps)
    ends = await consumer.end_offsets(tps)
    newest: dict[int, dict[str, Any]] = {}
    for tp, end in ends.items():
        consumer.seek(tp, max(end - _TAIL, 0))
    while any([await consumer.position(tp) < end for tp, end in ends.items()]):
        for tp, records in (await consumer.getmany(timeout_ms=100)).items():
            newest.update((tp.partition, orjson.loads(one.value)) for one in records if one.key == REPORT)
    await consumer.stop()
    return list(newest.values())


def _row(samples: Sequence[Sample], reports: Sequence[dict[str, Any]]) -> str:
    last = samples[-1]
    earlier = samples[-min(len(samples), round(_ROW_S / _SAMPLE_S) + 1)]
    load = (last.cpu - earlier.cpu) / (last.at - earlier.at) if last.at > earlier.at else 0.0
    states, timers = (sum(report[name] for report in reports) for name in ("states", "timers"))
    days = (min(report["watermark"] for report in reports) - START) / DAY
    return (
        f"{last.at / 60:4.0f} {last.events:10,} {last.behind:8,} {load:6.0%} {last.resident / 1e6:6,.0f}"
        f" {last.handles:6,} {last.disk / 1e6:8,.0f} {states:9,} {timers:8,} {days:9,.0f}"
    )


def _growth(samples: Sequence[Sample]) -> Iterator[str]:
    late = samples[len(samples) // 3 :]
    hours = [sample.at / 3600 for sample in late]
    figures: dict[str, list[float]] = {
        "memory, MB": [sample.resident / 1e6 for sample in late],
        "open files": [sample.handles for sample in late],
    }
    for title, values in figures.items():
        slope = linear_regression(hours, values).slope
        yield f"{title}, over the last two thirds: {min(values):,.0f} to {max(values):,.0f}, {slope:+,.1f} an hour"
