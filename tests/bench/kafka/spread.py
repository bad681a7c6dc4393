"""What it costs to share the work: one log, and several workers."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Final, NamedTuple

from rich.table import Table

from deploy.kafka.cluster import Cluster
from tests.bench.command import CommandError
from tests.bench.kafka.crew import WorkerProcess, crew
from tests.bench.kafka.filling import pour
from tests.bench.kafka.visits import centre
from tests.site import Site, make_config

_READY_S: Final = 120.0
_LOOK_S: Final = 0.1


class Spread(NamedTuple):
    """What so many workers come to: seconds of the clock, and for each its seconds of the processor and its events."""

    events: int
    seconds: float
    cpu: list[float]
    records: list[float]

    @property
    def events_per_s(self) -> float:
        """Return the speed of all together."""
        return self.events / self.seconds

    @property
    def cpu_us(self) -> float:
        """Return the microseconds of the processor for an event."""
        return sum(self.cpu) / self.events * 1e6

    @property
    def shares(self) -> list[float]:
        """Return the share of the events that each has processed, the largest first."""
        return sorted((own / sum(self.records) for own in self.records), reverse=True)


async def measure(cluster: Cluster, count: int, events: int, partitions: int, deadline_s: float) -> Spread:
    """Have workers share the partitions, then fill the log; see what they take from then until all is done.

    Raises:
        CommandError: a worker ended by itself, or something took too long.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        site = Site(make_config(cluster.bootstrap, Path(folder), partitions))
        await site.create()
        log = list(islice(centre(partitions), events))
        with crew(site.config, Path(folder)) as own:
            workers = [own.add() for _ in range(count)]
            await _share(workers, partitions)
            before = [worker.usage().cpu for worker in workers]
            began = monotonic()
            until = await pour(site, log)
            for worker in workers:
                await worker.passed(until, (await worker.figures()).assigned, began + deadline_s)
            seconds = monotonic() - began
            cpu = [worker.usage().cpu - then for worker, then in zip(workers, before, strict=True)]
            records = [(await worker.figures()).records.get("interactions", 0) for worker in workers]
            for worker in workers:
                await worker.stop()
    return Spread(events, seconds, cpu, records)


async def _share(workers: Sequence[WorkerProcess], partitions: int) -> None:
    deadline = monotonic() + _READY_S
    while True:
        for worker in workers:
            await worker.ready(_READY_S)
        assigned = [(await worker.figures()).assigned for worker in workers]
        if sum(assigned) == partitions and min(assigned) >= partitions // len(workers):
            return
        if monotonic() > deadline:
            msg = f"{len(workers)} workers did not share {partitions} partitions evenly: {assigned}"
            raise CommandError(msg)
        await asyncio.sleep(_LOOK_S)


def table(runs: Mapping[int, Sequence[Spread]]) -> Table:
    """Return a table of medians, with a row for each number of workers."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    fewest = min(runs)
    for title in ("workers", "events/s", "CPU µs/event", f"÷ that of {fewest}", "from to", "largest share ÷ fair"):
        made.add_column(title, justify="right")
    for count, own in runs.items():
        # In rounds: what else the machine did at the time slowed both.
        against = [one.cpu_us / other.cpu_us for one, other in zip(own, runs[fewest], strict=True)]
        made.add_row(
            f"{count}",
            f"{median(one.events_per_s for one in own):,.0f}",
            f"{median(one.cpu_us for one in own):,.1f}",
            f"{median(against):.2f}",
            f"{min(against):.2f} to {max(against):.2f}",
            f"{median(one.shares[0] * count for one in own):.2f}",
        )
    return made
