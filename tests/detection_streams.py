"""Arrivals of a queue with a known truth, drawn straight into tallies, to judge the detection of spikes by."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from random import Random
from typing import Final

from streams.domain.ledger import SLOT
from streams.domain.spikes import WEEK, Tally
from streams.domain.units import DAY, HOUR, MINUTE, Millis

MONDAY: Final[Millis] = 20_003 * DAY
"""A Monday, at midnight."""
OPEN: Final = range(8, 20)
"""Hours in which the queue is open."""
_SLOTS: Final = HOUR // SLOT
_NORMAL: Final = 30

STEADY: Final = tuple(float(hour % 24 in OPEN) for hour in range(WEEK))
_DAY: Final = (0.7, 1.3, 1.6, 1.4, 1.0, 0.8, 0.9, 1.1, 1.2, 1.0, 0.6, 0.4)
SEASONAL: Final = tuple(
    (1.2 if hour // 24 < 5 else 0.5) * (_DAY[hour % 24 - OPEN.start] if hour % 24 in OPEN else 0)
    for hour in range(WEEK)
)
"""Volume by hour of the week, Monday first, over its average in open hours: flat; with peaks, and weekends at 42 %."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Failure demand that a queue causes from Monday on, by slot: Poisson, but for what makes it scatter more.

    ``day_scatter`` and ``hour_scatter`` are the coefficients of variation by which whole days and hours are busier or
    quieter than usual. From ``step_at`` on, there is ``factor`` times as much. ``share`` of all arrivals is failure
    demand, until then.
    """

    seed: int
    days: int
    by_hour_of_week: Sequence[float] = STEADY
    per_hour: float = 12.0
    day_scatter: float = 0.0
    hour_scatter: float = 0.0
    step_at: Millis | None = None
    factor: float = 1.0
    share: float = 0.3

    def draw(self) -> tuple[Tally, Tally]:
        """Return failure demand, and all arrivals. The same seed draws the same."""
        random = Random(self.seed)
        failures, everything = Tally(), Tally()
        for day in range(self.days):
            busy = _scattered(random, self.day_scatter)
            for hour in range(MONDAY // HOUR + 24 * day, MONDAY // HOUR + 24 * (day + 1)):
                usual = self.per_hour * self.by_hour_of_week[(hour - MONDAY // HOUR) % WEEK]
                if usual:
                    self._hour(random, hour, usual * busy * _scattered(random, self.hour_scatter), failures, everything)
        return failures, everything

    def _hour(self, random: Random, hour: int, rate: float, failures: Tally, everything: Tally) -> None:
        for slot in range(hour * _SLOTS, (hour + 1) * _SLOTS):
            stepped = self.step_at is not None and slot * SLOT >= self.step_at
            failed = poisson(random, rate / _SLOTS * (self.factor if stepped else 1))
            others = poisson(random, rate / _SLOTS * (1 / self.share - 1))
            for tally, n in ((failures, failed), (everything, failed + others)):
                tally.hours[hour] += n
                tally.slots[slot] += n


def opening(day: int, minutes: int = 0) -> Millis:
    """Return a time so many minutes after the queue has opened."""
    return MONDAY + day * DAY + OPEN.start * HOUR + minutes * MINUTE


def poisson(random: Random, mean: float) -> int:
    """Draw a count."""
    if mean > _NORMAL:
        return max(round(random.gauss(mean, mean**0.5)), 0)
    count, product, floor = 0, random.random(), exp(-mean)
    while product > floor:
        count += 1
        product *= random.random()
    return count


def _scattered(random: Random, variation: float) -> float:
    return random.gammavariate(1 / variation**2, variation**2) if variation else 1.0
