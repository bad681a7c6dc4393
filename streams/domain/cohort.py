"""Cohorts and age buckets: how long after its end a contact failed, coarse enough to count, fine enough to judge."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from streams.domain.units import DAY, HOUR, Millis

AGE_BOUNDS: tuple[Millis, ...] = (
    HOUR, 4 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 5 * DAY, 7 * DAY, 14 * DAY, 30 * DAY,
)  # fmt: skip
"""Upper bounds of the age buckets; bucket ``i`` is the ages in ``(AGE_BOUNDS[i-1], AGE_BOUNDS[i]]``."""

ByBucket: TypeAlias = tuple[int, ...]
"""A count for each age bucket, in the order of :data:`AGE_BOUNDS`."""

NONE_BY_BUCKET: ByBucket = (0,) * len(AGE_BOUNDS)


def age_bucket(age: Millis) -> int:
    """Return the index of the bucket that an age falls in.

    Raises:
        ValueError: if the age is not in ``(0, AGE_BOUNDS[-1]]``.
    """
    if not 0 < age <= AGE_BOUNDS[-1]:
        msg = f"age {age} ms is outside (0, {AGE_BOUNDS[-1]}]"
        raise ValueError(msg)
    return bisect_left(AGE_BOUNDS, age)


class Cohort(NamedTuple):
    """The contacts that ended in one hour: how many, and how many failed first at which age."""

    ended: int = 0
    failed: ByBucket = NONE_BY_BUCKET


@dataclass(frozen=True, slots=True)
class CohortTable:
    """Cohorts of one population (a queue, a team, a channel, the whole centre), by hour.

    ``cohorts`` is by the hour of the contacts' end; ``failing`` counts first failures by the hour in which they
    happened and the age at which they did. Hours are counted from the epoch.
    """

    cohorts: Mapping[int, Cohort] = field(default_factory=dict)
    failing: Mapping[int, ByBucket] = field(default_factory=dict)
    exposures: dict[tuple[int, range], float] = field(default_factory=dict, init=False, compare=False, repr=False)
    """How many contacts were in a bucket over some hours, once it is known: windows have their buckets in common."""
