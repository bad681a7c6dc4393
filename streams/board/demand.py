"""Failure demand today, against what is usual: by the hour, and by where it was caused and why."""

from collections import Counter
from math import sqrt
from typing import Final, NamedTuple

from streams.board.counts import Scope
from streams.board.entries import CAUSED
from streams.board.model import Model
from streams.domain.spikes import MOST_WEEKS, WEEK
from streams.domain.units import HOUR, Millis

_HOURS_OF_DAY: Final = 24
_LEAST: Final = 5
_DEVIATIONS: Final = 3


class Hour(NamedTuple):
    """An hour of the day: how many came in it, ``None`` if it has not begun, and how many usually do in all of it."""

    hour: int
    came: int | None
    usual: float | None


class Cause(NamedTuple):
    """Where failure demand was caused and by what, how much of it came today, and how much usually has by now."""

    team: str
    queue: str
    reason: str
    came: int
    usual: float | None

    @property
    def excess(self) -> float:
        """How many more came than usually do."""
        return self.came - (self.usual or 0.0)

    @property
    def is_high(self) -> bool:
        """Whether more came than chance has."""
        return is_high(self.came, self.usual)


class FailureDemand(NamedTuple):
    """Failure demand of a day up to a time.

    ``usual`` is the mean of the same hours of the ``weeks`` before, up to the same time of day; ``None`` without any.
    """

    came: int
    usual: float | None
    weeks: int
    hours: list[Hour]
    causes: list[Cause]

    @property
    def is_high(self) -> bool:
        """Whether more came than chance has."""
        return is_high(self.came, self.usual)


def is_high(came: int, usual: float | None) -> bool:
    """Say whether a count exceeds the usual by three standard deviations of a Poisson count, and by five contacts.

    To draw the eye, no more: alarms are raised by :mod:`streams.domain.spikes`.
    """
    return usual is not None and came - usual >= max(_LEAST, _DEVIATIONS * sqrt(usual))


def failure_demand(model: Model, scope: Scope, as_of: Millis) -> FailureDemand:
    """Return the failure demand of the local day that a time lies in, by origin, what exceeds the usual most first."""
    clock = model.clock
    first = clock.day(as_of) * _HOURS_OF_DAY
    begun = clock.local(as_of) / HOUR - first
    weeks = _weeks(model, first)
    causes = []
    total: Counter[int] = Counter()
    for (_, team, queue, reason), hours in model.counts.of(CAUSED, scope):
        total.update(hours)
        came = sum(hours.get(first + n, 0) for n in range(_HOURS_OF_DAY))
        usual = _usual_by(hours, first, begun, weeks)
        if came:
            causes.append(Cause(team, queue, reason, came, usual))
    by_hour = [
        Hour(n, total.get(first + n, 0) if n < begun else None, _usual(total, first + n, weeks) if weeks else None)
        for n in range(_HOURS_OF_DAY)
    ]
    causes.sort(key=lambda cause: (-cause.excess, -cause.came, cause[:3]))
    came = sum(cause.came for cause in causes)
    return FailureDemand(came, _usual_by(total, first, begun, weeks), weeks, by_hour, causes)


def _weeks(model: Model, first: int) -> int:
    """Return how many whole weeks before a day are held."""
    return 0 if model.first_hour is None else min(max(first - model.first_hour, 0) // WEEK, MOST_WEEKS)


def _usual(hours: Counter[int], hour: int, weeks: int) -> float:
    return sum(hours.get(hour - week * WEEK, 0) for week in range(1, weeks + 1)) / weeks


def _usual_by(hours: Counter[int], first: int, begun: float, weeks: int) -> float | None:
    """Return how many usually come in so many hours from the first on, of which the last counts for its part."""
    if not weeks:
        return None
    whole = int(begun)
    past = sum(_usual(hours, first + n, weeks) for n in range(whole))
    return past + _usual(hours, first + whole, weeks) * (begun - whole)
