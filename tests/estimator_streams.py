"""Streams of contacts with a known truth, drawn straight into cohort tables, to judge the estimates by."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import exp, log
from random import Random
from typing import NamedTuple, TypeAlias

from streams.domain.cohort import AGE_BOUNDS, NONE_BY_BUCKET, Cohort, CohortTable
from streams.domain.units import DAY, HOUR, Millis

WINDOW: Millis = 7 * DAY
HOURS_OF_WEEK = 7 * 24

Delay: TypeAlias = Callable[[Random], Millis]
"""Draws how long after its end a contact that fails does so: more than nothing, at most the window."""


def exponential(mean: Millis) -> Delay:
    """Return exponential delays of a mean, cut off at the window (so that they average somewhat less)."""
    within = 1 - exp(-WINDOW / mean)
    return lambda random: min(int(-mean * log(1 - random.random() * within)) + 1, WINDOW)


def either(first: Delay, second: Delay) -> Delay:
    """Return delays drawn from one or the other, as often."""
    return lambda random: (first if random.random() < 1 / 2 else second)(random)


TYPICAL = exponential(3 * DAY // 2)
SLOW = exponential(2 * DAY)
HEAVY = either(exponential(6 * HOUR), exponential(4 * DAY))

FLAT = (1.0,) * HOURS_OF_WEEK
WEEKDAYS = tuple(1.25 if hour < 5 * 24 else 0.375 for hour in range(HOURS_OF_WEEK))
ALMOST_SHUT = tuple(1.396 if hour < 5 * 24 else 0.01 for hour in range(HOURS_OF_WEEK))
OPEN = range(8, 18)
OFFICE_HOURS = tuple(
    (1.2 if hour < 5 * 24 else 0.5) * (2.125 if hour % 24 in OPEN else 0.196) for hour in range(HOURS_OF_WEEK)
)
"""Volume by hour of the week, Monday first, over its average: weekends at 30, 1 and, with quiet nights, 42 %."""


class Fate(NamedTuple):
    """A contact's end, and its first failure if it has one."""

    ended_at: Millis
    failed_at: Millis | None


@dataclass(frozen=True, slots=True)
class Stream:
    """Contacts of one queue from time 0: how many, how many of them fail within the window, and after how long."""

    seed: int
    days: int = 28
    per_hour: float = 40
    failing: float = 0.25
    step_at: Millis | None = None
    failing_after_step: float = 0.40
    delay: Delay = TYPICAL
    by_hour_of_week: tuple[float, ...] = FLAT

    def fates(self) -> Iterator[Fate]:
        """Draw what becomes of the contacts, in the order of their ends. The same seed draws the same."""
        random = Random(self.seed)
        peak = max(self.by_hour_of_week)
        hours = 0.0
        while (hours := hours + random.expovariate(self.per_hour * peak)) < self.days * 24:
            if random.random() * peak >= self.by_hour_of_week[int(hours) % HOURS_OF_WEEK]:
                continue
            ended_at = int(hours * HOUR)
            stepped = self.step_at is not None and ended_at >= self.step_at
            fails = random.random() < (self.failing_after_step if stepped else self.failing)
            yield Fate(ended_at, ended_at + self.delay(random) if fails else None)


def tables(fates: Iterable[Fate], times: Iterable[Millis]) -> Iterator[tuple[Millis, CohortTable]]:
    """Yield the table as it stood at each of the times, which must rise."""
    # (when it was known, the hour of the end, the age bucket of a failure or None for an end)
    facts: list[tuple[Millis, int, int | None]] = []
    for ended_at, failed_at in fates:
        hour = ended_at // HOUR
        facts.append((ended_at, hour, None))
        if failed_at is not None:
            facts.append((failed_at, hour, bisect_left(AGE_BOUNDS, failed_at - ended_at)))
    facts.sort(key=lambda fact: fact[0])
    ended: dict[int, int] = {}
    failed: dict[int, list[int]] = {}
    failing: dict[int, list[int]] = {}
    rest = iter(facts)
    fact = next(rest, None)
    for time in times:
        while fact is not None and fact[0] < time:
            at, hour, bucket = fact
            if bucket is None:
                ended[hour] = ended.get(hour, 0) + 1
            else:
                failed.setdefault(hour, [*NONE_BY_BUCKET])[bucket] += 1
                failing.setdefault(at // HOUR, [*NONE_BY_BUCKET])[bucket] += 1
            fact = next(rest, None)
        cohorts = {hour: Cohort(n, tuple(failed.get(hour, NONE_BY_BUCKET))) for hour, n in ended.items()}
        yield time, CohortTable(cohorts, {hour: tuple(counts) for hour, counts in failing.items()})
