"""How right the estimates are on streams whose truth is known: ``python -m tests.bench.estimators``.

Streams are drawn straight into cohort tables, or with ``--pipeline`` sent through the engine as events and read from
what the exporter publishes, which takes some minutes for each kind of stream.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from math import isnan, nan
from statistics import fmean, pstdev
from typing import NamedTuple, TypeAlias

from rich.console import Console
from rich.progress import track

from streams.catalogue import estimates as catalogue
from streams.domain.cohort import CohortTable
from streams.domain.estimate import Estimate, live, matured, naive
from streams.domain.units import DAY, HOUR, Millis
from tests.bench.entrants import live_by_entrants
from tests.estimator_pipeline import published
from tests.estimator_streams import (
    ALMOST_SHUT,
    HEAVY,
    OFFICE_HOURS,
    SLOW,
    TYPICAL,
    WEEKDAYS,
    WINDOW,
    Stream,
    tables,
)

SEEDS = range(1, 21)
TRUTH = 0.25
TRUTH_AFTER_STEP = 0.40
STEADY = tuple(day * DAY for day in range(8, 29))
STEP_AT = 14 * DAY
AFTER_STEP = (24 * HOUR, 72 * HOUR, 7 * DAY)
STEPPED = tuple(STEP_AT + time for time in AFTER_STEP)

Draw: TypeAlias = Callable[..., Stream]
"""Makes a stream of (seed, days, step_at); the rest of what it is like is given."""

KINDS: Mapping[str, tuple[str, Draw]] = {
    "steady": ("steady volume, failures after 1.5 d", partial(Stream, delay=TYPICAL)),
    "slow": ("steady volume, failures after 2 d", partial(Stream, delay=SLOW)),
    "heavy": ("steady volume, half of the failures after 6 h, half after 4 d", partial(Stream, delay=HEAVY)),
    "weekdays": ("weekends at 30 % of weekdays", partial(Stream, by_hour_of_week=WEEKDAYS)),
    "shut": ("weekends at 1 % of weekdays", partial(Stream, by_hour_of_week=ALMOST_SHUT)),
    "office": ("office hours, weekends at 42 % of weekdays", partial(Stream, by_hour_of_week=OFFICE_HOURS)),
}

Estimator: TypeAlias = Callable[[CohortTable, Millis, Millis], Estimate | None]
"""An estimate of (table, window, as_of)."""

ESTIMATORS: Mapping[str, Estimator] = {
    "naive, last 24 h": naive,
    "naive, last 7 d": partial(naive, span=7 * DAY),
    "matured": matured,
    "live, 1 d": live,
    "live, 7 d": partial(live, period=7 * DAY),
    "live by entrants, 1 d": live_by_entrants,
    "live by entrants, 7 d": partial(live_by_entrants, period=7 * DAY),
}

PUBLISHED: Mapping[str, tuple[str, ...]] = {
    "naive": (catalogue.NAIVE.name,),
    "matured": (catalogue.MATURED.name, catalogue.MATURED_LOW.name, catalogue.MATURED_HIGH.name),
    "live": (catalogue.LIVE.name, catalogue.LIVE_LOW.name, catalogue.LIVE_HIGH.name),
}
"""The quantities of the catalogue that are judged, each with those that give its interval, if there are any."""


class Read(NamedTuple):
    """What was said of a stream at a time; the interval's ends are no numbers where none was given."""

    as_of: Millis
    value: float
    low: float = nan
    high: float = nan


Results: TypeAlias = dict[str, list[Read]]
"""What each estimator made of the streams, whenever it could say something."""


class Score(NamedTuple):
    """An estimator against the truth; the last two are the lowest and highest average of a day of the week.

    ``coverage`` is no number where there was no interval to cover the truth.
    """

    mean: float
    sd: float
    coverage: float
    read: int
    lowest_weekday: float
    highest_weekday: float


def generated(
    times: tuple[Millis, ...],
    *,
    step_at: Millis | None = None,
    draw: Draw = Stream,
    seeds: Iterable[int] = SEEDS,
    estimators: Mapping[str, Estimator] = ESTIMATORS,
) -> Results:
    """Draw a stream for each seed and let every estimator say what it can about its table at each of the times."""
    results: Results = {name: [] for name in estimators}
    for seed in seeds:
        for as_of, table in tables(draw(seed, times[-1] // DAY, step_at=step_at).fates(), times):
            for name, estimator in estimators.items():
                estimate = estimator(table, WINDOW, as_of)
                if estimate is not None:
                    results[name].append(Read(as_of, estimate.value, estimate.low, estimate.high))
    return results


def through_the_pipeline(
    times: tuple[Millis, ...], *, step_at: Millis | None = None, draw: Draw = Stream, seeds: Iterable[int] = SEEDS
) -> Results:
    """Send a stream for each seed through an engine of its own and read what is published at each of the times."""
    results: Results = {name: [] for name in PUBLISHED}
    for seed in seeds:
        for as_of, gauges in published(draw(seed, times[-1] // DAY, step_at=step_at).fates(), times):
            for name, quantities in PUBLISHED.items():
                said = [gauges[quantity] for quantity in quantities if quantity in gauges]
                if said:
                    results[name].append(Read(as_of, *said))
    return results


def score(reads: Iterable[Read], truth: float = TRUTH) -> Score:
    """Compare what an estimator read, at least once, with the truth."""
    by_weekday: dict[int, list[float]] = {}
    covered: list[float] = []
    for as_of, value, low, high in reads:
        by_weekday.setdefault(as_of // DAY % 7, []).append(value)
        covered.append(nan if isnan(low) else low <= truth <= high)
    values = [value for day in by_weekday.values() for value in day]
    weekdays = [fmean(day) for day in by_weekday.values()]
    return Score(fmean(values), pstdev(values), fmean(covered), len(values), min(weekdays), max(weekdays))


def mean_at(reads: Iterable[Read], as_of: Millis) -> float:
    """Return the average of what an estimator read at one time; not a number where it had nothing to say."""
    values = [read.value for read in reads if read.as_of == as_of]
    return fmean(values) if values else nan


def report(title: str, steady: Results, stepped: Results) -> Iterator[str]:
    """Yield the lines of a table: each estimator on steady streams, then after the step."""
    yield f"\n{title}\n"
    after = "".join(f"{f'+{time // HOUR} h':>8}" for time in AFTER_STEP)
    yield f"{'estimator':<24}{'mean':>8}{'sd':>8}{'covers':>8}{'weekdays':>16}{after}\n"
    for name, reads in steady.items():
        if not reads:
            yield f"{name:<24}never has anything to say\n"
            continue
        found = score(reads)
        covers = "-" if isnan(found.coverage) else f"{found.coverage:.1%}"
        weekdays = f"{found.lowest_weekday:.3f} to {found.highest_weekday:.3f}"
        after = "".join(f"{mean_at(stepped[name], time):8.3f}" for time in STEPPED)
        yield f"{name:<24}{found.mean:8.3f}{found.sd:8.3f}{covers:>8}{weekdays:>16}{after}\n"


def main() -> None:
    """Print a table for each kind of stream."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pipeline", action="store_true", help="through the engine; of the kind steady, or as given")
    parser.add_argument("--kind", choices=KINDS, action="append", help="only this kind of stream; may be repeated")
    arguments = parser.parse_args()
    results = through_the_pipeline if arguments.pipeline else generated
    write, progress = sys.stdout.write, Console(stderr=True)
    write(
        f"share failing within 7 d: {TRUTH}, then {TRUTH_AFTER_STEP} after the step; 40 contacts/h; "
        f"seeds {SEEDS[0]} to {SEEDS[-1]}; read daily, days 8 to 28\n"
    )
    for kind in arguments.kind or (["steady"] if arguments.pipeline else KINDS):
        title, draw = KINDS[kind]
        seeds = partial(track, SEEDS, console=progress, disable=not progress.is_terminal, transient=True)
        steady = results(STEADY, draw=draw, seeds=seeds(f"{kind}, no step"))
        stepped = results(STEPPED, step_at=STEP_AT, draw=draw, seeds=seeds(f"{kind}, a step"))
        for line in report(title, steady, stepped):
            write(line)


if __name__ == "__main__":
    main()
