"""Random quantities that :mod:`random` does not offer as such. All randomness comes in as an argument."""

from bisect import bisect
from collections.abc import Mapping
from itertools import accumulate
from math import exp, log, log1p
from random import Random

from streams.domain.units import HOUR, Millis
from streams.sources.simulator.profile import hour_of_week

_TRIES = 200


class Mix:
    """Names drawn by their weights."""

    __slots__ = ("_bounds", "_names", "_total")

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._names = tuple(weights)
        self._bounds = list(accumulate(weights.values()))[:-1]
        self._total = sum(weights.values())

    def draw(self, rng: Random) -> str:
        """Return one of the names."""
        return self._names[bisect(self._bounds, rng.random() * self._total)]


def duration(rng: Random, median: Millis, spread: float) -> Millis:
    """Return a log-normal duration, whole seconds as telephony systems report them, at least one."""
    return max(round(rng.lognormvariate(log(median), spread) / 1_000), 1) * 1_000


def exponential(rng: Random, mean: Millis) -> Millis:
    """Return an exponential duration."""
    return int(rng.expovariate(1 / mean)) if mean else 0


def cut_exponential(rng: Random, mean: Millis, within: Millis) -> Millis:
    """Return an exponential duration on condition that it is in ``(0, within]``, by its inverse distribution."""
    below = 1 - exp(-within / mean)
    return min(int(-mean * log1p(-rng.random() * below)) + 1, within)


def cut_exponential_in_profile(
    rng: Random, mean: Millis, within: Millis, since: Millis, profile: tuple[float, ...]
) -> Millis:
    """Return the same, on condition that it ends at an hour drawn by its factor in a profile.

    The condition is met by drawing again, so the result never leaves ``(0, within]``.
    """
    peak = max(profile)
    for _ in range(_TRIES):
        delay = cut_exponential(rng, mean, within)
        if rng.random() * peak < profile[hour_of_week(since + delay)]:
            break
    return delay


def next_arrival(rng: Random, after: Millis, per_hour: float, profile: tuple[float, ...]) -> Millis:
    """Return the next arrival of a Poisson process whose rate is constant in each hour of the week."""
    need = rng.expovariate(1.0)
    at = float(after)
    while True:
        rate = per_hour * profile[hour_of_week(int(at))] / HOUR
        next_hour = (int(at) // HOUR + 1) * HOUR
        offered = rate * (next_hour - at)
        if offered > need:
            return max(int(at + need / rate), after)
        need -= offered
        at = float(next_hour)
