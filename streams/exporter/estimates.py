"""The estimates of the catalogue, computed from the ledger's cohorts as they stand."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from streams.catalogue import estimates as catalogue
from streams.catalogue.estimates import LEVELS, Level, Quantity
from streams.catalogue.labels import QTC
from streams.domain import measures as m
from streams.domain.cohort import AGE_BOUNDS, NONE_BY_BUCKET, ByBucket, Cohort, CohortTable
from streams.domain.estimate import PERIODS, bounds, coverage, freshest, matured, naive, pending_by_age
from streams.domain.ledger import Entry, Labels, hour_of
from streams.domain.policy import Window
from streams.domain.units import DAY, HOUR, SECOND, Millis
from streams.exporter.rows import Gauge

MATURED_SPAN: Millis = 7 * DAY
"""Which contacts the matured share speaks for: a whole week, so that weekdays cancel out."""

_FAILED = (m.COHORT_RECURRED, m.COHORT_EXITED)

_AGES = tuple(f"{bound // DAY}d" if bound % DAY == 0 else f"{bound // HOUR}h" for bound in AGE_BOUNDS)
"""What the age buckets are called: by their upper bounds."""
_COHORTS = {m.COHORT_ENDED, m.FAILING, m.COHORT_UNLINKABLE, *_FAILED}

_Counts: TypeAlias = defaultdict[int, list[int]]


class Population(NamedTuple):
    """Contacts that an estimate speaks for: their cohorts, and how many more ended in each hour, never linked."""

    table: CohortTable
    unlinkable: Counter[int]


@dataclass(slots=True)
class _Tally:
    """The cohort entries of one population, as they are read."""

    ended: Counter[int] = field(default_factory=Counter)
    failed: _Counts = field(default_factory=lambda: defaultdict(lambda: list(NONE_BY_BUCKET)))
    failing: _Counts = field(default_factory=lambda: defaultdict(lambda: list(NONE_BY_BUCKET)))
    unlinkable: Counter[int] = field(default_factory=Counter)

    def population(self) -> Population:
        hours = self.ended.keys() | self.failed.keys()
        cohorts = {hour: Cohort(self.ended[hour], _by_bucket(self.failed, hour)) for hour in hours}
        return Population(CohortTable(cohorts, {hour: tuple(n) for hour, n in self.failing.items()}), self.unlinkable)


def first_hour(windows: Sequence[Window], as_of: Millis) -> int:
    """Return the first hour whose cohorts any of the estimates uses."""
    return hour_of(as_of - max(window.length for window in windows) - max(*PERIODS, MATURED_SPAN))


def check_windows(windows: Iterable[Window]) -> None:
    """Make sure that cohorts can tell what happened within each window.

    Raises:
        ValueError: if a window is not the bound of an age bucket.
    """
    for window in windows:
        if window.length not in AGE_BOUNDS:
            days = ", ".join(f"{bound / DAY:g}" for bound in AGE_BOUNDS)
            msg = f"window {window.name!r} of {window.length / DAY:g} d cannot be estimated; use one of {days} d"
            raise ValueError(msg)


def estimate_gauges(entries: Iterable[Entry], windows: Sequence[Window], as_of: Millis) -> Iterator[Gauge]:
    """Estimate every quantity at every level, for each window; what cannot be told yet is left out."""
    for (level, labels), tally in _read(entries).items():
        population = tally.population()
        if level.labels == ("queue",) and labels[-1] == "true":
            for age, n in zip(_AGES, pending_by_age(population.table, as_of), strict=True):
                yield Gauge(catalogue.PENDING_BY_AGE, (labels[0], age), n)
        for window in windows:
            for quantity, value in _estimate(population, window.length, as_of):
                yield Gauge(catalogue.name_of(level, quantity), (*labels, window.name), value)


def _estimate(population: Population, window: Millis, as_of: Millis) -> Iterator[tuple[Quantity, float]]:
    table = population.table
    live = freshest(table, window, as_of)
    if live is not None:
        period, found = live
        yield catalogue.LIVE, found.value
        yield catalogue.LIVE_LOW, found.low
        yield catalogue.LIVE_HIGH, found.high
        yield catalogue.LIVE_PERIOD, period / SECOND
    ripe = matured(table, window, as_of, MATURED_SPAN)
    if ripe is not None:
        yield catalogue.MATURED, ripe.value
        yield catalogue.MATURED_LOW, ripe.low
        yield catalogue.MATURED_HIGH, ripe.high
    flattering = naive(table, window, as_of)
    if flattering is not None:
        yield catalogue.NAIVE, flattering.value
    span = window + MATURED_SPAN
    limits = bounds(table, window, as_of, span)
    if limits is not None:
        yield catalogue.LOWER_BOUND, limits.low
        yield catalogue.UPPER_BOUND, limits.high
    covered = _coverage(population, as_of, span)
    if covered is not None:
        yield catalogue.COVERAGE, covered


def _coverage(population: Population, as_of: Millis, span: Millis) -> float | None:
    hours = range(hour_of(as_of - span), hour_of(as_of))
    ended = sum(cohort.ended for hour, cohort in population.table.cohorts.items() if hour in hours)
    return coverage(ended, sum(n for hour, n in population.unlinkable.items() if hour in hours))


def _read(entries: Iterable[Entry]) -> dict[tuple[Level, Labels], _Tally]:
    """Tally the populations of every level, by the level's labels and whether they were handled."""
    tallies: defaultdict[tuple[Level, Labels], _Tally] = defaultdict(_Tally)
    of: dict[Labels, list[_Tally]] = {}
    bucket = len(QTC) + 1
    for entry in entries:
        hour, name, labels = entry.series
        if name not in _COHORTS:
            continue
        finest = labels[:bucket]
        if finest not in of:
            of[finest] = [tallies[level, _labels_at(level, finest)] for level in LEVELS]
        n = entry.net
        for tally in of[finest]:
            if name == m.COHORT_ENDED:
                tally.ended[hour] += n
            elif name == m.FAILING:
                tally.failing[hour][int(labels[bucket])] += n
            elif name in _FAILED:
                tally.failed[hour][int(labels[bucket])] += n
            elif name == m.COHORT_UNLINKABLE:
                tally.unlinkable[hour] += n
    return dict(tallies)


def _labels_at(level: Level, finest: Labels) -> Labels:
    """Return the labels at a level of what is queue, team, channel and handled at the finest."""
    *places, handled = finest
    by_label = dict(zip(QTC, places, strict=True))
    return (*(by_label[label] for label in level.labels), handled)


def _by_bucket(counts: _Counts, hour: int) -> ByBucket:
    return tuple(counts[hour]) if hour in counts else NONE_BY_BUCKET
