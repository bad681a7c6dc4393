"""The table: medians of several runs, and how ours compares with each."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Final

from rich.table import Table

from tests.bench.kafka.log import Log
from tests.bench.kafka.race import Result, Unfinished

TITLES: Final = {
    "bare": "aiokafka alone, decoding",
    "faust": "naive Faust agent, recontact join",
    "quix": "Quix Streams, recontact join",
    "ours": "ours, everything",
}

Runs = Mapping[str, Sequence[Result | Unfinished]]
"""The runs of each contestant, round by round."""


def table(runs: Runs, log: Log) -> Table:
    """Return the table."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    made.add_column("")
    for title in ("events/s", "ours ÷ it", "CPU µs/event", "it ÷ ours", "peak MB", "changelog B/event"):
        made.add_column(title, justify="right")
    # Who reads the partitions of a log without putting them in order finds others than there are.
    made.add_column(f"recontacts of {log.recontacts:,}", justify="right")
    ours = runs.get("ours", [])
    for name, own in runs.items():
        made.add_row(TITLES[name], *_cells(own, ours))
    return made


def _cells(runs: Sequence[Result | Unfinished], ours: Sequence[Result | Unfinished]) -> Iterator[str]:
    done = [run for run in runs if isinstance(run, Result)]
    if len(done) < len(runs):
        reached = min(run.records for run in runs if isinstance(run, Unfinished))
        yield f"DNF at {reached:,}"
        return
    pairs = [(it, our) for it, our in zip(done, ours, strict=False) if isinstance(our, Result)]
    yield f"{median(run.events_per_s for run in done):,.0f}"
    # In rounds: what else the machine did at the time slowed both.
    yield f"{median(our.events_per_s / it.events_per_s for it, our in pairs):.2f}" if pairs else ""
    yield f"{median(run.cpu_us for run in done):,.1f}"
    yield f"{median(it.cpu_us / our.cpu_us for it, our in pairs):.2f}" if pairs else ""
    yield f"{median(run.reading.peak for run in done) / 1e6:,.0f}"
    changelog = median(run.changelog_per_event for run in done)
    yield f"{changelog:,.0f}" if changelog else "-"
    found = [run.recontacts for run in done if run.recontacts is not None]
    yield f"{median(found):,.0f}" if found else "-"
