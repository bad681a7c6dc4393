"""What open problems cost: speed on top of them, memory, disk, and the time until a worker is back."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

from rich.table import Table

from deploy.kafka.cluster import Cluster
from tests.bench.kafka.crew import Crew, WorkerProcess, crew
from tests.bench.kafka.filling import pour
from tests.bench.kafka.race import bytes_in
from tests.bench.kafka.visits import problems, visits
from tests.site import Site, make_config

_READY_S: Final = 600.0
_SETTLING_S: Final = 2.0


class OpenProblems(NamedTuple):
    """What so many open problems come to.

    Seconds until a worker is ready again are since its process was started, with what it used of the processor until
    then; sizes are in bytes.
    """

    open: int
    filled_per_s: float
    filling_peak: int
    events_per_s: float
    cpu_us: float
    resident: int
    peak: int
    disk: int
    changelog: int
    restart_s: float
    restart_cpu: float
    rebuild_s: float
    rebuild_cpu: float
    rebuild_peak: int


class Course(NamedTuple):
    """What all sizes have in common.

    Args:
        cluster: to make topics in.
        busy: most open problems of all sizes; the more, the closer events on top are to each other in time.
        events: to process on top of the open problems, of customers drawn at random.
        partitions: of every topic.
        deadline_s: for each of filling and processing.
    """

    cluster: Cluster
    busy: int
    events: int
    partitions: int
    deadline_s: float


async def measure(course: Course, customers: int, watch: Callable[[str], None]) -> OpenProblems:
    """Have so many customers with an open problem in the state of a new application, and see how it does.

    ``watch`` is told what is going on.

    Raises:
        CommandError: a worker ended by itself, or something took too long.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        site = Site(make_config(course.cluster.bootstrap, Path(folder), course.partitions))
        await site.create()
        with crew(site.config, Path(folder)) as own:
            return await _measure(course, site, own, customers, watch)


async def _measure(course: Course, site: Site, own: Crew, customers: int, watch: Callable[[str], None]) -> OpenProblems:
    partitions = course.partitions
    watch("filling")
    worker = own.add()
    await worker.ready(_READY_S)
    began = monotonic()
    until = await pour(site, problems(customers, partitions))
    await worker.passed(until, partitions, began + course.deadline_s)
    filled_s = monotonic() - began
    filling_peak = worker.usage().peak
    await worker.stop()

    watch("events on top")
    until = await pour(site, islice(visits(customers, course.busy, partitions), course.events))
    restart_s, restart_cpu = await _back(worker)
    before = (await worker.figures()).records.get("interactions", 0), worker.usage().cpu, monotonic()
    await worker.passed(until, partitions, monotonic() + course.deadline_s)
    after = (await worker.figures()).records.get("interactions", 0), worker.usage().cpu, monotonic()
    done, cpu, seconds = (now - then for then, now in zip(before, after, strict=True))
    await asyncio.sleep(_SETTLING_S)
    usage, disk = worker.usage(), worker.disk()
    await worker.stop()

    watch("rebuilding")
    topics = site.config.topics
    changelog = bytes_in(course.cluster.folder, topics.state.name, topics.ledger.name)
    shutil.rmtree(worker.state)
    rebuild_s, rebuild_cpu = await _back(worker)
    rebuild_peak = worker.usage().peak
    await worker.stop()
    return OpenProblems(
        customers,
        2 * customers / filled_s,
        filling_peak,
        done / seconds,
        cpu / done * 1e6,
        usage.resident,
        usage.peak,
        disk,
        changelog,
        restart_s,
        restart_cpu,
        rebuild_s,
        rebuild_cpu,
        rebuild_peak,
    )


async def _back(worker: WorkerProcess) -> tuple[float, float]:
    worker.start()
    return await worker.ready(_READY_S), worker.usage().cpu


def table(found: Sequence[OpenProblems]) -> Table:
    """Return a table with a column for each size of the state."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    made.add_column("open problems")
    for one in found:
        made.add_column(f"{one.open:,}", justify="right")
    first = found[0]
    rows: dict[str, Callable[[OpenProblems], str]] = {
        "filling, events/s": lambda one: f"{one.filled_per_s:,.0f}",
        "events on top, events/s": lambda one: f"{one.events_per_s:,.0f}",
        f"  of that at {first.open:,}": lambda one: f"{one.events_per_s / first.events_per_s:.2f}",
        "  CPU µs/event": lambda one: f"{one.cpu_us:,.1f}",
        "memory afterwards, MB": lambda one: f"{one.resident / 1e6:,.0f}",
        "  at most": lambda one: f"{one.peak / 1e6:,.0f}",
        "  at most while filling": lambda one: f"{one.filling_peak / 1e6:,.0f}",
        "  at most while rebuilding": lambda one: f"{one.rebuild_peak / 1e6:,.0f}",
        "local state, MB": lambda one: f"{one.disk / 1e6:,.0f}",
        "changelogs, not compacted, MB": lambda one: f"{one.changelog / 1e6:,.0f}",
        "ready with local state, s (CPU s)": lambda one: f"{one.restart_s:.1f} ({one.restart_cpu:.1f})",
        "ready without it, s (CPU s)": lambda one: f"{one.rebuild_s:.1f} ({one.rebuild_cpu:.1f})",
    }
    for title, cell in rows.items():
        made.add_row(title, *map(cell, found))
    return made
