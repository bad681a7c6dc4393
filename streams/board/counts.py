"""How many, by hour: what contacts count, so that what changes of one is taken back and counted anew."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

Series: TypeAlias = tuple[str, ...]
"""A measure, the team and queue that it is about, and more where the measure has more."""
Entry: TypeAlias = tuple[Series, int, int]
"""Series, hour, how many."""


class Scope(NamedTuple):
    """Whose counts are asked for: of one team or of those that are seen, of one queue or of all."""

    teams: frozenset[str] | None = None
    team: str | None = None
    queue: str | None = None

    def has(self, team: str, queue: str) -> bool:
        """Say whether a team's queue is in it."""
        return (
            (self.teams is None or team in self.teams)
            and (self.team is None or team == self.team)
            and (self.queue is None or queue == self.queue)
        )


class Counts:
    """Counts by series and hour."""

    def __init__(self) -> None:
        self.revision = 0
        """Changes whenever a count does."""
        self.revisions: Counter[tuple[str, str]] = Counter()
        """The same by team and queue."""
        self._hours: dict[Series, Counter[int]] = {}

    def change(self, before: Sequence[Entry], after: Sequence[Entry]) -> None:
        """Take back what was counted before, and count what holds now."""
        if before == after:
            return
        self.revision += 1
        for place in {(series[1], series[2]) for series, _, _ in (*before, *after)}:
            self.revisions[place] += 1
        for series, hour, n in after:
            hours = self._hours.get(series)
            if hours is None:
                hours = self._hours[series] = Counter()
            hours[hour] += n
        for series, hour, n in before:
            if (hours := self._hours.get(series)) is None or hour not in hours:
                continue  # so old that it was let go of
            hours[hour] -= n
            if not hours[hour]:
                del hours[hour]

    def hours(self, *series: str) -> Counter[int]:
        """Return a series by hour."""
        return self._hours.get(series, Counter())

    def of(self, measure: str, scope: Scope) -> Iterator[tuple[Series, Counter[int]]]:
        """Return the series of a measure in a scope."""
        for series, hours in self._hours.items():
            if series[0] == measure and scope.has(series[1], series[2]):
                yield series, hours

    def every(self) -> Mapping[Series, Mapping[int, int]]:
        """Return all that is counted."""
        return self._hours

    def places(self, scope: Scope) -> Iterable[tuple[str, str]]:
        """Return the teams in a scope with their queues, in order."""
        return sorted(place for place in self.revisions if scope.has(*place))

    def trim(self, measures: frozenset[str], before: int) -> None:
        """Let go of what some measures counted before an hour."""
        for series in [series for series in self._hours if series[0] in measures]:
            hours = self._hours[series]
            for hour in [hour for hour in hours if hour < before]:
                del hours[hour]
            if not hours:
                del self._hours[series]
        held = {(series[1], series[2]) for series in self._hours}
        for place in self.revisions.keys() - held:
            del self.revisions[place]
