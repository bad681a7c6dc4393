"""How right the estimates are on streams whose truth is known: ``python -m tests.bench.estimators``.

Anything that yields :class:`Reading` can be judged: the generated streams here, or cohort tables out of a pipeline.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from math import nan
from statistics import fmean, pstdev
from typing import NamedTuple, TypeAlias

from streams.domain.cohort import CohortTable
from streams.domain.estimate import Estimate, live, live_by_exposure, matured, naive
from streams.domain.units import DAY, HOUR, Millis
from tests.estimator_streams import (
    ALMOST_SHUT,
    FLAT,
    HEAVY,
    OFFICE_HOURS,
    SLOW,
    TYPICAL,
    WEEKDAYS,
    WINDOW,
    Delay,
    Stream,
    tables,
)

SEEDS = range(1, 21)
TRUTH = 0.25
TRUTH_AFTER_STEP = 0.40
STEADY = tuple(day * DAY for day in range(8, 29))
STEP_AT = 14 * DAY
AFTER_STEP = (24 * HOUR, 72 * HOUR, 7 * DAY)

Estimator: TypeAlias = Callable[[CohortTable, Millis, Millis], Estimate | None]
"""An estimate of (table, window, as_of)."""

ESTIMATORS: Mapping[str, Estimator] = {
    "naive, last 24 h": naive,
    "naive, last 7 d": partial(naive, span=7 * DAY),
    "matured": matured,
    "live, 1 d": live,
    "live, 7 d": partial(live, period=7 * DAY),
    "live by exposure, 1 d": live_by_exposure,
    "live by exposure, 7 d": partial(live_by_exposure, period=7 * DAY),
}


class Reading(NamedTuple):
    """The table of a stream, named by its seed, as it stood at a time."""

    seed: int
    as_of: Millis
    table: CohortTable


class Read(NamedTuple):
    """What an estimator made of a reading."""

    as_of: Millis
    estimate: Estimate


Results: TypeAlias = dict[str, list[Read]]
"""What each estimator made of the readings that it could say something about."""


class Score(NamedTuple):
    """An estimator against the truth; the last two are the lowest and highest average of a day of the week."""

    mean: float
    sd: float
    coverage: float
    read: int
    lowest_weekday: float
    highest_weekday: float


def generated(
    times: Iterable[Millis],
    *,
    step_at: Millis | None = None,
    delay: Delay = TYPICAL,
    by_hour_of_week: tuple[float, ...] = FLAT,
    seeds: Iterable[int] = SEEDS,
) -> Iterator[Reading]:
    """Draw a stream for each seed and yield its table at each of the times."""
    times = tuple(times)
    for seed in seeds:
        stream = Stream(seed, times[-1] // DAY, step_at=step_at, delay=delay, by_hour_of_week=by_hour_of_week)
        for as_of, table in tables(stream.fates(), times):
            yield Reading(seed, as_of, table)


def read(readings: Iterable[Reading], estimators: Mapping[str, Estimator] = ESTIMATORS) -> Results:
    """Let every estimator say what it can about every reading."""
    results: Results = {name: [] for name in estimators}
    for _, as_of, table in readings:
        for name, estimator in estimators.items():
            estimate = estimator(table, WINDOW, as_of)
            if estimate is not None:
                results[name].append(Read(as_of, estimate))
    return results


def score(reads: Iterable[Read], truth: float = TRUTH) -> Score:
    """Compare what an estimator read, at least once, with the truth."""
    by_weekday: dict[int, list[float]] = {}
    covered: list[bool] = []
    for as_of, estimate in reads:
        by_weekday.setdefault(as_of // DAY % 7, []).append(estimate.value)
        covered.append(estimate.low <= truth <= estimate.high)
    values = [value for day in by_weekday.values() for value in day]
    weekdays = [fmean(day) for day in by_weekday.values()]
    return Score(fmean(values), pstdev(values), fmean(covered), len(values), min(weekdays), max(weekdays))


def mean_at(reads: Iterable[Read], as_of: Millis) -> float:
    """Return the average of what an estimator read at one time; not a number where it had nothing to say."""
    values = [estimate.value for at, estimate in reads if at == as_of]
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
        weekdays = f"{found.lowest_weekday:.3f} to {found.highest_weekday:.3f}"
        after = "".join(f"{mean_at(stepped[name], STEP_AT + time):8.3f}" for time in AFTER_STEP)
        yield f"{name:<24}{found.mean:8.3f}{found.sd:8.3f}{found.coverage:8.1%}{weekdays:>16}{after}\n"


def main() -> None:
    """Print a table for each kind of stream."""
    write = sys.stdout.write
    write(
        f"share failing within 7 d: {TRUTH}, then {TRUTH_AFTER_STEP} after the step; 40 contacts/h; "
        f"seeds {SEEDS[0]} to {SEEDS[-1]}; read daily, days 8 to 28\n"
    )
    for title, delay, by_hour_of_week in (
        ("steady volume, failures after 1.5 d", TYPICAL, FLAT),
        ("steady volume, failures after 2 d", SLOW, FLAT),
        ("steady volume, half of the failures after 6 h, half after 4 d", HEAVY, FLAT),
        ("weekends at 30 % of weekdays", TYPICAL, WEEKDAYS),
        ("weekends at 1 % of weekdays", TYPICAL, ALMOST_SHUT),
        ("office hours, weekends at 42 % of weekdays", TYPICAL, OFFICE_HOURS),
    ):
        kind = partial(generated, delay=delay, by_hour_of_week=by_hour_of_week)
        steady = read(kind(STEADY))
        stepped = read(kind([STEP_AT + time for time in AFTER_STEP], step_at=STEP_AT))
        for line in report(title, steady, stepped):
            write(line)


if __name__ == "__main__":
    main()
