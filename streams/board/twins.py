"""Output measures of today beside their outcome twins, by queue: what looks good, and what became of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from streams.board import entries as e
from streams.board.counts import Counts, Scope
from streams.board.model import Model
from streams.domain.cohort import AGE_BOUNDS, NONE_BY_BUCKET, ByBucket, Cohort, CohortTable
from streams.domain.estimate import Bounds, Estimate, bounds, coverage, freshest, matured, pool
from streams.domain.ledger import hour_of
from streams.domain.units import DAY, SECOND, Millis

MATURED_SPAN: Final = 7 * DAY
"""Which contacts the matured share speaks for: a whole week, so that weekdays cancel out."""
_HOURS_OF_DAY: Final = 24
_MOST_KEPT: Final = 1_000

_Where: TypeAlias = tuple[str, str]
"""A team and its queue."""


class Outputs(NamedTuple):
    """What the outputs of a day say, of known customers and strangers. Shares of nothing are ``None``."""

    ended: int
    handled: int
    service_level: float | None
    """Of those that ended, handled or abandoned, the share that was answered within the threshold."""
    handle_s: float | None
    """Average handle time (talk, hold and wrap) of those handled of which it is known."""
    abandoned: float | None
    """Of those that ended, the share that was abandoned."""
    claimed: float | None
    """Of those handled, the share that was claimed to be resolved."""


class Outcomes(NamedTuple):
    """What became of contacts: shares that stay resolved within the window, for handled ones that can be linked."""

    failure_demand: float | None
    """Of those that arrived today, strangers' once they have ended, the share that is failure demand."""
    live: Estimate | None
    """The share that stays resolved, by who comes back now, with its 95 % interval."""
    period: Millis
    """The time that the live estimate is taken over."""
    matured: Estimate | None
    """The share that stayed resolved, of the last week of contacts whose window has passed."""
    bounds: Bounds | None
    """The least and most that the share can turn out to be, for the window and the week before it."""
    pending: float | None
    """Of the same contacts, the share of which nothing is certain yet."""
    false_claims: Estimate | None
    """Of those claimed resolved whose window has passed, the share whose customer came back in it; a week of them."""
    coverage: float | None
    """Of the handled contacts of the same time, the share that could be linked; no stranger's can."""


class Twins(NamedTuple):
    """A team's queue, or (named "") all of those in scope, by outputs and by outcomes."""

    team: str
    queue: str
    outputs: Outputs
    outcomes: Outcomes


class _Population(NamedTuple):
    """The handled contacts of a queue: those that can be linked, those of them claimed resolved, and the rest."""

    everybody: CohortTable
    claims: CohortTable
    unlinkable: Mapping[int, int]


class TwinsOf:
    """Makes twins; what it has made of a queue is kept until its counts change, since estimates take a while."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._populations: dict[_Where, tuple[int, _Population]] = {}
        self._outcomes: dict[tuple[_Where, ...], tuple[tuple[int, ...], Outcomes]] = {}

    def __call__(self, scope: Scope, as_of: Millis) -> list[Twins]:
        """Return the twins of all that is in a scope, and then of each queue in it."""
        places = [where for where in self._model.counts.places(scope) if self._is_alive(where, as_of)]
        found = [Twins(*where, *self._sides((where,), as_of)) for where in places]
        return [Twins("", "", *self._sides(tuple(places), as_of)), *found]

    def _is_alive(self, where: _Where, as_of: Millis) -> bool:
        """Say whether a queue has had contacts that anything here tells of: one that was closed is shown no longer."""
        since = self._model.clock.hour(as_of - self._model.centre.window.length - MATURED_SPAN)
        return any(hour >= since for name in (e.ARRIVED, e.ENDED) for hour in self._model.counts.hours(name, *where))

    def _sides(self, places: tuple[_Where, ...], as_of: Millis) -> tuple[Outputs, Outcomes]:
        clock = self._model.clock
        first = clock.day(as_of) * _HOURS_OF_DAY
        today = {name: self._sum(name, places, first) for name in e.BY_LOCAL_HOUR - {e.CAUSED}}
        ended, handled = today[e.ENDED], today[e.HANDLED]
        outputs = Outputs(
            ended,
            handled,
            _share(today[e.IN_THRESHOLD], ended),
            today[e.HANDLE_TIME] / SECOND / today[e.TIMED] if today[e.TIMED] else None,
            _share(ended - handled, ended),
            _share(today[e.CLAIMED], handled),
        )
        became = self._became(places, as_of)
        return outputs, became._replace(failure_demand=_share(today[e.FAILURE], today[e.ARRIVED]))

    def _sum(self, name: str, places: Iterable[_Where], first: int) -> int:
        return sum(
            self._model.counts.hours(name, *where).get(first + hour, 0)
            for where in places
            for hour in range(_HOURS_OF_DAY)
        )

    def _became(self, places: tuple[_Where, ...], as_of: Millis) -> Outcomes:
        counts = self._model.counts
        key = (hour_of(as_of), *(counts.revisions[where] for where in places))
        kept = self._outcomes.get(places)
        if kept is not None and kept[0] == key:
            return kept[1]
        populations = [self._population(where) for where in places]
        unlinkable: Counter[int] = Counter()
        for population in populations:
            unlinkable.update(population.unlinkable)
        together = _Population(
            pool(population.everybody for population in populations),
            pool(population.claims for population in populations),
            unlinkable,
        )
        if len(self._outcomes) >= _MOST_KEPT:
            self._outcomes.clear()
        found = _outcomes(together, self._model.centre.window.length, as_of)
        self._outcomes[places] = (key, found)
        return found

    def _population(self, where: _Where) -> _Population:
        counts = self._model.counts
        revision = counts.revisions[where]
        kept = self._populations.get(where)
        if kept is None or kept[0] != revision:
            made = _Population(
                cohort_table(counts, where, e.ALL),
                cohort_table(counts, where, e.CLAIMS),
                counts.hours(e.UNLINKABLE, *where),
            )
            kept = self._populations[where] = (revision, made)
        return kept[1]


def _outcomes(population: _Population, window: Millis, as_of: Millis) -> Outcomes:
    table = population.everybody
    period, live = freshest(table, window, as_of) or (0, None)
    span = window + MATURED_SPAN
    limits = bounds(table, window, as_of, span)
    hours = range(hour_of(as_of - span), hour_of(as_of))
    ended = sum(cohort.ended for hour, cohort in table.cohorts.items() if hour in hours)
    return Outcomes(
        None,
        _complement(live),
        period,
        _complement(matured(table, window, as_of, MATURED_SPAN)),
        None if limits is None else Bounds(1 - limits.high, 1 - limits.low),
        None if limits is None else limits.high - limits.low,
        matured(population.claims, window, as_of, MATURED_SPAN),
        coverage(ended, sum(n for hour, n in population.unlinkable.items() if hour in hours)),
    )


def cohort_table(counts: Counts, where: _Where, population: str) -> CohortTable:
    """Return the cohorts of a population of the handled contacts that ended in a team's queue."""
    failed, failing = (
        _by_hour([counts.hours(name, *where, population, str(bucket)) for bucket in range(len(AGE_BOUNDS))])
        for name in (e.COHORT_FAILED, e.COHORT_FAILING)
    )
    ended = counts.hours(e.COHORT, *where, population)
    return CohortTable({hour: Cohort(n, failed.get(hour, NONE_BY_BUCKET)) for hour, n in ended.items()}, failing)


def _by_hour(buckets: Sequence[Mapping[int, int]]) -> dict[int, ByBucket]:
    hours = {hour for bucket in buckets for hour in bucket}
    return {hour: tuple(bucket.get(hour, 0) for bucket in buckets) for hour in hours}


def _complement(failing: Estimate | None) -> Estimate | None:
    """Return the share that does not fail."""
    if failing is None:
        return None
    return failing._replace(value=1 - failing.value, low=1 - failing.high, high=1 - failing.low)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
