"""How contacts end for which a team lead was nudged, by what was done about it: the gauges of the catalogue."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from streams.catalogue import nudges as catalogue
from streams.catalogue.estimates import Level
from streams.catalogue.labels import QTC
from streams.catalogue.nudges import EFFECT_LEVELS, effect_name
from streams.domain import measures as m
from streams.domain.cohort import NONE_BY_BUCKET, Cohort, CohortTable
from streams.domain.estimate import PERIODS, Estimate, difference, live, matured
from streams.domain.ledger import Entry, Labels
from streams.domain.policy import Window
from streams.domain.units import Millis
from streams.exporter.rows import Gauge

SPAN: Millis = PERIODS[-1]
"""How far back shares look: nudged contacts are few, so it is four weeks."""

_MEASURES = frozenset((m.NUDGED_ENDED, m.NUDGED_FAILED, m.NUDGED_FAILING))


@dataclass(slots=True)
class _Tally:
    """The cohort entries of one population, as they are read."""

    ended: Counter[int] = field(default_factory=Counter)
    failed: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: list(NONE_BY_BUCKET)))
    failing: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: list(NONE_BY_BUCKET)))

    def table(self) -> CohortTable:
        hours = self.ended.keys() | self.failed.keys()
        return CohortTable(
            {hour: Cohort(self.ended[hour], tuple(self.failed.get(hour, NONE_BY_BUCKET))) for hour in hours},
            {hour: tuple(counts) for hour, counts in self.failing.items()},
        )


def nudged_gauges(entries: Iterable[Entry], windows: Sequence[Window], as_of: Millis) -> Iterator[Gauge]:
    """Estimate, for each team and for the centre, how nudged contacts end; what can't be told yet is left out."""
    for (level, place), by_response in _read(entries).items():
        tables = {response: tally.table() for response, tally in by_response.items()}
        for window, basis in product(windows, ("live", "matured")):
            found: dict[str, Estimate] = {}
            for response, table in tables.items():
                estimate = _estimate(table, basis, window.length, as_of)
                if estimate is not None:
                    found[response] = estimate
                    labels = (*place, response, basis, window.name)
                    yield Gauge(effect_name(level, catalogue.FAILED), labels, estimate.value)
                    yield Gauge(effect_name(level, catalogue.FAILED_LOW), labels, estimate.low)
                    yield Gauge(effect_name(level, catalogue.FAILED_HIGH), labels, estimate.high)
            if "acted" in found and "ignored" in found:
                effect = difference(found["acted"], found["ignored"])
                labels = (*place, basis, window.name)
                yield Gauge(effect_name(level, catalogue.EFFECT), labels, effect.value)
                yield Gauge(effect_name(level, catalogue.EFFECT_LOW), labels, effect.low)
                yield Gauge(effect_name(level, catalogue.EFFECT_HIGH), labels, effect.high)


def _estimate(table: CohortTable, basis: str, window: Millis, as_of: Millis) -> Estimate | None:
    if basis == "matured":
        return matured(table, window, as_of, SPAN)
    return live(table, window, as_of, SPAN)


def _read(entries: Iterable[Entry]) -> dict[tuple[Level, Labels], dict[str, _Tally]]:
    """Tally handled contacts by level, the level's labels, and response."""
    tallies: defaultdict[tuple[Level, Labels], defaultdict[str, _Tally]] = defaultdict(lambda: defaultdict(_Tally))
    places = len(QTC)
    for entry in entries:
        hour, name, labels = entry.series
        if name not in _MEASURES or labels[places] != "true":
            continue
        by_label, response = dict(zip(QTC, labels[:places], strict=True)), labels[places + 1]
        for level in EFFECT_LEVELS:
            tally = tallies[level, tuple(by_label[label] for label in level.labels)][response]
            if name == m.NUDGED_ENDED:
                tally.ended[hour] += entry.net
            else:
                counts = tally.failed if name == m.NUDGED_FAILED else tally.failing
                counts[hour][int(labels[-1])] += entry.net
    return {key: dict(by_response) for key, by_response in tallies.items()}
