"""What Prometheus would have recorded of history: the rules of the catalogue, computed from what was told at each time.

Prometheus computes its rules as time passes, and no tool of its own does so for years of blocks within a day. Rules are
data in the catalogue, so they can be followed here as well; tests/behaviour/test_backfill.py holds every one of them
against Prometheus.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from streams.catalogue import CATALOGUE
from streams.catalogue.rules.gauges import Reading, headcount_of, readings
from streams.catalogue.rules.gauges import headcounts as headcounts_of
from streams.catalogue.rules.promql import REACH, signed_names
from streams.catalogue.rules.ratios import DELTAS, RATIOS, SPANS, Ratio
from streams.catalogue.rules.totals import LEVELS, TOTALS, Level, Total, record_of
from streams.domain.units import DAY, HOUR, Millis

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values, in the order of the names."""
Vector: TypeAlias = Mapping[Labels, float]
Told: TypeAlias = Mapping[str, list[tuple[Mapping[str, str], float]]]
"""The samples of each name, with their labels."""


def _length(span: str) -> Millis:
    return int(span[:-1]) * (HOUR if span.endswith("h") else DAY)


_SPANS: Final[Mapping[str, Millis]] = {span: _length(span) for span in SPANS}
_REACH: Final[Millis] = _length(REACH)


class Series(NamedTuple):
    """One value of a recorded series."""

    record: str
    labels: Mapping[str, str]
    value: float


class Recorded:
    """Follows the rules from one time to the next. Spans reach back over the times that it was told of."""

    def __init__(self) -> None:
        self._past: dict[Millis, Mapping[str, Vector]] = {}
        self._before: Mapping[str, Mapping[str, Vector]] = {}

    def at(self, time: Millis, told: Told) -> Iterator[Series]:
        """Yield what is recorded at a time, given what is told then."""
        totals = dict(_totals(told))
        headcounts = {reading.record: _read(told, reading) for reading in headcounts_of()}
        for at in [at for at in self._past if at < time - max(_SPANS.values()) - _REACH]:
            del self._past[at]
        self._past[time] = {**totals, **headcounts}
        self._before = {span: self._last(time - length) for span, length in _SPANS.items()}
        for record, vector in {**totals, **headcounts}.items():
            yield from _series(record, vector)
        yield from self._counts(totals)
        yield from self._ratios(totals)
        yield from self._attrition(time, totals)
        for reading in readings():
            yield from _series(reading.record, _read(told, reading))

    def _last(self, time: Millis) -> Mapping[str, Vector]:
        """Return what was recorded last at some time; nothing if that was longer ago than rules reach."""
        return next((self._past[at] for at in reversed(self._past) if time - _REACH < at <= time), {})

    def _counts(self, totals: Mapping[str, Vector]) -> Iterator[Series]:
        for name in DELTAS:
            for level in TOTALS[name].levels():
                for span in SPANS:
                    risen = self._risen(totals, record_of(level, name, "total"), span)
                    yield from _series(
                        record_of(level, name, f"delta_{span}"), {labels: n for labels, n in risen.items() if n >= 0}
                    )

    def _ratios(self, totals: Mapping[str, Vector]) -> Iterator[Series]:
        for ratio in RATIOS:
            for level in ratio.levels():
                prefix = "_".join((level.name, *ratio.by))
                for span in SPANS:
                    yield from _series(
                        f"{prefix}:{ratio.name}:{ratio.operation}_{span}",
                        self._ratio(totals, ratio, level, span),
                        ratio.labels,
                    )

    def _ratio(self, totals: Mapping[str, Vector], ratio: Ratio, level: Level, span: str) -> Vector:
        def combined(formula: str) -> Vector:
            terms = [
                (sign, self._risen(totals, record_of(level, name, "total"), span))
                for sign, name in signed_names(formula)
            ]
            shared = set.intersection(*(set(vector) for _, vector in terms))
            return {labels: sum(sign * vector[labels] for sign, vector in terms) for labels in shared}

        over, under = combined(ratio.over), combined(ratio.under)
        return {labels: n / under[labels] for labels, n in over.items() if under.get(labels, 0) > 0}

    def _risen(self, totals: Mapping[str, Vector], record: str, span: str) -> Vector:
        """Return by how much each series of a total has risen in a span, where it was there at its beginning."""
        before = self._before[span].get(record, {})
        return {labels: n - before[labels] for labels, n in totals[record].items() if labels in before}

    def _attrition(self, time: Millis, totals: Mapping[str, Vector]) -> Iterator[Series]:
        for level in LEVELS[1:]:
            counts: defaultdict[Labels, list[float]] = defaultdict(list)
            for at, past in self._past.items():
                if at >= time - _SPANS["28d"]:
                    for labels, n in past[headcount_of(level)].items():
                        counts[labels].append(n)
            left = self._risen(totals, record_of(level, "legacy_staff_left", "total"), "28d")
            people = {labels: sum(found) / len(found) for labels, found in counts.items()}
            turnover = {
                labels: n / people[labels] * 365 / 28 for labels, n in left.items() if people.get(labels, 0) > 0
            }
            yield from _series(f"{level.name}:legacy_attrition:ratio_28d", turnover)


def _headcount(level: Level) -> str:
    return f"{level.name}:legacy_headcount:sum"


def _totals(told: Told) -> Iterator[tuple[str, Vector]]:
    known: dict[str, Vector] = {}
    for name, total in TOTALS.items():
        for level in total.levels():
            record = record_of(level, name, "total")
            vector = dict(_net(told, total, (*level.labels, *total.by)))
            if total.fill:
                vector = {**dict.fromkeys(known[record_of(level, total.fill, "total")], 0.0), **vector}
            known[record] = vector
            yield record, vector


def _net(told: Told, total: Total, by: tuple[str, ...]) -> Vector:
    metric = CATALOGUE[total.metric]
    counted = _summed(told, metric.name + total.part, total.select, by)
    if not metric.retractable:
        return counted
    retracted = _summed(told, metric.retracted_name + total.part, total.select, by)
    return {labels: n - retracted.get(labels, 0) for labels, n in counted.items()}


def _read(told: Told, reading: Reading) -> Vector:
    one = _summed(told, reading.metric, reading.select, reading.by)
    if reading.form == "one less":
        return {labels: 1 - n for labels, n in one.items()}
    if reading.form == "less another":
        other = _summed(told, reading.other, reading.select, reading.by)
        return {labels: n - other[labels] for labels, n in one.items() if labels in other}
    return one


def _summed(told: Told, name: str, select: Mapping[str, str], by: Iterable[str]) -> Vector:
    """Add up the samples that fit by some labels."""
    by = tuple(sorted(by))
    allowed = {label: frozenset(values.split("|")) for label, values in select.items()}
    sums: defaultdict[Labels, float] = defaultdict(float)
    for labels, value in told.get(name, ()):
        if all(labels[label] in values for label, values in allowed.items()):
            sums[tuple((label, labels[label]) for label in by)] += value
    return sums


def _series(record: str, vector: Vector, labels: Mapping[str, str] | None = None) -> Iterator[Series]:
    return (Series(record, {**dict(key), **(labels or {})}, value) for key, value in vector.items())
