"""Cumulative sums that tell a lasting rise from chance, with limits that follow from a false-alarm rate.

Page's CUSUM (Biometrika 41, 1954) adds up by how much what came exceeds what halfway justifies an alarm, and starts
again from zero whenever that falls below it. Both kinds here are tuned to a doubling, for which no test with as few
false alarms is faster in the worst case (Moustakides, Annals of Statistics 14, 1986), and both count in *contacts*:
one more failure adds one at most. An excess of five therefore rests on five contacts at least.
"""

from collections.abc import Iterable
from decimal import Decimal, localcontext
from functools import lru_cache
from itertools import count
from math import ceil, factorial, floor, log
from typing import Final, NamedTuple

RATIO: Final = 2
"""What the sums are tuned to: so many times the expected count, or the expected odds of a share."""
ALLOWANCE: Final = (RATIO - 1) / log(RATIO)
"""What is taken off the sum of counts for each contact expected: between one and :data:`RATIO` of them."""

_DIGITS: Final = 60
"""Of the terms that cancel in :func:`_scale`; with limits up to 40 all but a few digits go."""
_HIGHEST: Final = 40.0
"""No limit is higher: by chance that would be reached once in some 10^12 contacts."""
_FINE: Final = 0.01
_CLOSE: Final = 0.1


class Reading(NamedTuple):
    """Where a cumulative sum stands, and whether it is an alarm."""

    excess: float
    alarm: bool


def follow(steps: Iterable[float], limit: float) -> Reading:
    """Return where a sum of steps stands that never falls below zero.

    It is an alarm once it has come to ``limit``, where it stays at most, so that what was great is not held against
    the time after it; until it has fallen to half of that, when it starts again from zero.
    """
    reading = Reading(0.0, alarm=False)
    for size in steps:
        reading = step(reading, size, limit)
    return reading


def step(reading: Reading, size: float, limit: float) -> Reading:
    """Return where the sum stands after one step more."""
    excess, alarm = max(reading.excess + size, 0.0), reading.alarm
    if excess >= limit:
        return Reading(limit, alarm=True)
    if alarm and excess <= limit / 2:
        return Reading(0.0, alarm=False)
    return Reading(excess, alarm)


# --- counts ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def count_limit(run_length: float) -> float:
    """Return the lowest limit, to a hundredth, that chance alone reaches once in ``run_length`` expected contacts."""
    low, high = 0, ceil(_HIGHEST / _FINE)
    while low < high:
        middle = (low + high) // 2
        if count_run_length(middle * _FINE) < run_length:
            low = middle + 1
        else:
            high = middle
    return low * _FINE


def count_run_length(limit: float) -> float:
    """Return how many contacts are expected, on average, until chance alone takes the sum of counts to a limit.

    The sum falls steadily and jumps by one at each event of a Poisson process. That is a spectrally one-sided Lévy
    process reflected at its extremum, of which the mean time to a level is W(h)²/W'(h) less the integral of W up to h,
    W being its scale function (Avram, Kyprianou and Pistorius, Annals of Applied Probability 14, 2004, theorem 1).
    """
    with localcontext() as context:
        context.prec = _DIGITS
        at = Decimal(limit)
        down = Decimal(ALLOWANCE)
        scale = [_scale(at - n, down) for n in range(floor(limit) + 1)]
        before = scale[1] if len(scale) > 1 else Decimal(0)
        slope = (scale[0] - before) / down
        integral = sum((down * each - 1 for each in scale), Decimal(0))
        return float(scale[0] ** 2 / slope - integral)


def _scale(x: Decimal, down: Decimal) -> Decimal:
    """Return the scale function of a steady fall by ``down`` with jumps of one at rate one.

    Its Laplace transform is ``1 / (down s - 1 + exp(-s))``, here as a series that ends at ``x``.
    """
    terms = Decimal(0)
    for n in range(floor(x) + 1):
        rest = (x - n) / down
        power = rest**n if n else Decimal(1)
        terms += (-1) ** n * power / factorial(n) * rest.exp()
    return terms / down


# --- shares ---------------------------------------------------------------------------------------------------------


class Odds(NamedTuple):
    """How a sum moves for a share: up by ``up`` for a contact that counts, down by ``down`` for one that doesn't.

    In parts of a contact, ``up + down`` to the whole.
    """

    up: int
    down: int

    @property
    def whole(self) -> int:
        """How many parts make a contact."""
        return self.up + self.down

    def step(self, hits: int, contacts: int) -> float:
        """Return by how much the sum moves, in contacts, for so many hits among so many contacts."""
        return hits - contacts * self.down / self.whole


@lru_cache(maxsize=4096)
def odds_of(share: float) -> Odds:
    """Return the steps of the sum for an expected share: whole parts, so that its run length can be computed exactly.

    Reynolds and Stoumbos (Journal of Quality Technology 31, 1999) do so with steps down of one part; with a few more
    the odds that the sum is tuned to come close to :data:`RATIO` times those expected.
    """
    target = log(1 - share + RATIO * share) / log(RATIO)
    for whole in count(2):
        down = max(round(target * whole), 1)
        if down < whole and abs(down / whole - target) <= _CLOSE * (target - share):
            return Odds(whole - down, down)
    raise AssertionError  # count() has no end


@lru_cache(maxsize=4096)
def share_limit(share: float, run_length: float) -> float:
    """Return the lowest limit that chance alone reaches once in ``run_length`` contacts of which a share counts."""
    odds = odds_of(share)
    low, high = 1, ceil(_HIGHEST * odds.whole)
    while low < high:
        middle = (low + high) // 2
        if share_run_length(share, middle / odds.whole) < run_length:
            low = middle + 1
        else:
            high = middle
    return low / odds.whole


def share_run_length(share: float, limit: float) -> float:
    """Return how many contacts it takes, on average, until chance alone takes the sum of a share to a limit.

    The sum is a Markov chain (Brook and Evans, Biometrika 59, 1972): solved for the mean time from each of its states,
    of which it reaches few others in a step.
    """
    odds = odds_of(share)
    states = round(limit * odds.whole)
    # Row n: time from state n, less what each of its two followers contributes, is one contact.
    rows = []
    for state in range(states):
        row = {state: 1.0}
        for follower, chance in ((state + odds.up, share), (max(state - odds.down, 0), 1 - share)):
            if follower < states:
                row[follower] = row.get(follower, 0.0) - chance
        rows.append(row)
    times = [1.0] * states
    for pivot in range(states):
        for below in range(pivot + 1, min(pivot + odds.down, states - 1) + 1):
            factor = rows[below].pop(pivot, 0.0) / rows[pivot][pivot]
            if factor:
                for column, value in rows[pivot].items():
                    if column > pivot:
                        rows[below][column] = rows[below].get(column, 0.0) - factor * value
                times[below] -= factor * times[pivot]
    for pivot in reversed(range(states)):
        later = sum(value * times[column] for column, value in rows[pivot].items() if column > pivot)
        times[pivot] = (times[pivot] - later) / rows[pivot][pivot]
    return times[0]
