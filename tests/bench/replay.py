"""Events per second of the embedded replay, and where the time goes.

Run with ``python -m tests.bench.replay``. The input is simulated: what a contact centre with five queues would send,
agents' states and duplicates included. Times are of the processor (CPU), so that other work on the machine matters
less; quote ratios between stages rather than figures from two runs.
"""

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

from streams.domain.policy import Policy
from streams.engines.embedded import EmbeddedEngine
from streams.engines.embedded.partition import Partition, Retention
from streams.engines.embedded.state import StateTable
from streams.engines.garbage import collect_seldom
from streams.engines.intake import Intake
from streams.processors.journeys import Journeys
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.presets import demo_plan

START = 1_767_225_600_000
RECEIVED_AT = START + 10 * 365 * 86_400_000
BATCH = 10_000


def records(contacts: int) -> list[bytes]:
    """Return the records of a simulated log with so many contacts."""
    return [simulated.raw for simulated in simulate(demo_plan(), seed=1, start=START, contacts=contacts)]


def replay(log: list[bytes], path: str) -> float:
    """Replay a log into a file and return the seconds of CPU that it took."""
    engine = EmbeddedEngine(path, Policy(), durable=False, kept=Retention(0, 0))
    begun = process_time()
    for start in range(0, len(log), BATCH):
        engine.ingest(log[start : start + BATCH], RECEIVED_AT, {})
    spent = process_time() - begun
    engine.close()
    return spent


def stages(log: list[bytes], path: str) -> dict[str, float]:
    """Replay with a clock around each stage; return the seconds of CPU by stage."""
    spent: dict[str, float] = {}
    timed = partial(_timed, spent)
    owners: tuple[tuple[Any, str, str], ...] = (
        (Intake, "order", "decode and order"),
        (Intake, "process", "contacts and agents"),
        (Intake, "show", "look ahead"),
        (Intake, "nudge_ahead", "nudge ahead of time"),
        (Journeys, "process", "journeys"),
        (StateTable, "load", "load state"),
        (Partition, "save", "encode and write"),
    )
    originals = [(owner, name, getattr(owner, name)) for owner, name, _ in owners]
    for owner, name, stage in owners:
        setattr(owner, name, timed(stage, getattr(owner, name)))
    try:
        spent["everything"] = replay(log, path)
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)
    spent["the rest (clocks included)"] = 2 * spent["everything"] - sum(spent.values())
    return spent


def _timed(spent: dict[str, float], stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        begun = process_time()
        try:
            return function(*args, **kwargs)
        finally:
            spent[stage] = spent.get(stage, 0.0) + process_time() - begun

    return timed


def main() -> None:
    """Print events per second and the share of each stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=60_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    log = records(arguments.contacts)
    collect_seldom()
    with tempfile.TemporaryDirectory() as folder:
        seconds = min(replay(log, str(Path(folder) / f"{run}.db")) for run in range(arguments.runs))
        by_stage = stages(log, str(Path(folder) / "stages.db"))
    size = sum(map(len, log)) / len(log)
    print(f"{len(log):,} events of {size:.0f} bytes on average, {arguments.contacts:,} contacts")
    print(
        f"best of {arguments.runs}: {len(log) / seconds:,.0f} events/s, {seconds / len(log) * 1e6:.1f} µs CPU per event"
    )
    print("by stage, in a run of its own:")
    for stage, spent in sorted(by_stage.items(), key=lambda item: -item[1]):
        print(f"  {stage:28} {spent / len(log) * 1e6:6.2f} µs  {spent / by_stage['everything']:6.1%}")


if __name__ == "__main__":
    main()
