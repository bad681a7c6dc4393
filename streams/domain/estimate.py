"""Estimates of the share of contacts that fail within a window, read from a cohort table.

A contact fails when its problem recurs or its customer exits. Recent contacts have had no time to, so the share of
them that failed so far flatters; each function here says which contacts it speaks for instead. Every one takes the
table as it stood at ``as_of``, and uses whole hours only: the hour that ``as_of`` lies in has not ended, and is left
out. A window is a bound of an age bucket; any other raises ``ValueError``, because the table cannot tell.
"""

from collections import Counter
from collections.abc import Iterable
from math import hypot, sqrt
from statistics import NormalDist
from typing import NamedTuple

from streams.domain.cohort import AGE_BOUNDS, NONE_BY_BUCKET, ByBucket, Cohort, CohortTable, age_bucket
from streams.domain.units import DAY, HOUR, Millis

PERIODS: tuple[Millis, ...] = (DAY, 7 * DAY, 28 * DAY)
"""Periods that a live estimate is taken over, shortest first: whole days and weeks, so that seasons cancel out."""


class Estimate(NamedTuple):
    """A share, the interval that holds the truth at the asked confidence, and the counts that it rests on.

    ``ended`` is how many contacts ended in the time asked for, ``failed`` how many first failures were used.
    """

    value: float
    low: float
    high: float
    ended: int
    failed: int


class Bounds(NamedTuple):
    """The least and the most that the share can turn out to be, whatever becomes of the pending contacts."""

    low: float
    high: float


class Difference(NamedTuple):
    """How much larger one share is than another, and the interval that holds the truth."""

    value: float
    low: float
    high: float


def live(
    table: CohortTable, window: Millis, as_of: Millis, period: Millis = DAY, confidence: float = 0.95
) -> Estimate | None:
    """Estimate the share that will fail within ``window``, from what happened in the last ``period`` at each age.

    A period life table. What fails at an age is the first failures seen at that age in the period, over the contacts
    that could have caused them: each contact counts as the part of the age bucket that it went through in the period.
    That is exposure, as in the demographers' occurrence-exposure rates (Preston, Heuveline and Guillot, Demography,
    2001, chapters 1 and 3); only that a contact counts to the end of the bucket although it failed in it (actuaries
    call that the initial exposure), so that the quotient is the share that fails in the bucket, and no rate.

    To divide by the contacts that *entered* the age in the period instead is right only while volume is steady:
    those that enter it today are not those that fail at it today, so that a quiet weekend reads as a wave of failures
    and the busy days after it as too few. Exposure needs no steady volume, only failures that are spread about evenly
    over a bucket. Where volume is steady the two agree (tests/bench/estimators.py has them side by side).

    Returns:
        None where nothing can be said: until the first contacts have been through the window, and when no contact
        was of one of the ages in the period.
    """
    buckets, hours = range(_buckets(window)), _hours(as_of, period)
    if not table.cohorts or min(table.cohorts) > hours.stop - window // HOUR:
        return None  # a failure at the oldest age could not have been seen yet, which would read as none
    seen = [counts for hour, counts in table.failing.items() if hour in hours]
    failures = [sum(counts[bucket] for counts in seen) for bucket in buckets]
    at_risk = [_exposed(table, bucket, hours) for bucket in buckets]
    if not all(at_risk):
        return None
    survived, greenwood = 1.0, 0.0
    for failed, exposed in zip(failures, at_risk, strict=True):
        hazard = min(failed / exposed, 1)  # failures bunched at one end of a bucket may be more than its exposure
        survived *= 1 - hazard
        # Where none or all failed we doubt by half a contact: little exposure must not pass for certainty.
        half = 0.5 / (exposed + 1)
        doubtful = min(max(hazard, half), 1 - half)
        greenwood += doubtful / (1 - doubtful) / exposed
    # The size of a sample whose share would vary by survived² x greenwood; at 0 and 1 no sample's does.
    size = (1 - survived) / survived / greenwood if 0 < survived < 1 else min(at_risk)
    ended, _ = _tally(table, len(buckets), hours)
    return _estimate(1 - survived, size, confidence, (ended, sum(failures)))


def freshest(table: CohortTable, window: Millis, as_of: Millis) -> tuple[Millis, Estimate] | None:
    """Return the first of :data:`PERIODS` that gives a live estimate, and the estimate; None if none of them does."""
    for period in PERIODS:
        found = live(table, window, as_of, period)
        if found is not None:
            return period, found
    return None


def matured(
    table: CohortTable, window: Millis, as_of: Millis, span: Millis = DAY, confidence: float = 0.95
) -> Estimate | None:
    """Return the share that failed among the last ``span`` of contacts whose window has passed; None if there are none.

    Unbiased, and late by the window: it says nothing yet about contacts that ended since.
    """
    return _share(table, window, _hours(as_of - window, span), confidence)


def naive(
    table: CohortTable, window: Millis, as_of: Millis, span: Millis = DAY, confidence: float = 0.95
) -> Estimate | None:
    """Return the share that failed so far among the contacts of the last ``span``; None if there are none.

    Wrong on purpose: it is what dashboards show, kept to be shown beside the others.
    """
    return _share(table, window, _hours(as_of, span), confidence)


def bounds(table: CohortTable, window: Millis, as_of: Millis, span: Millis = DAY) -> Bounds | None:
    """Return the bounds of the share for the contacts of the last ``span``; None if there are none.

    The lowest if no pending contact fails, the highest if all do.
    """
    buckets = _buckets(window)
    ended, failed = _tally(table, buckets, _hours(as_of, span))
    if not ended:
        return None
    recent, recent_failed = _tally(table, buckets, _hours(as_of, min(span, window)))  # their window has not passed
    pending = max(recent - recent_failed, 0)
    return Bounds(min(failed / ended, 1), min((failed + pending) / ended, 1))


def pending_by_age(table: CohortTable, as_of: Millis) -> ByBucket:
    """Return how many contacts have not failed so far, by the age bucket that they are in; of whole hours only."""
    pending = [0] * len(AGE_BOUNDS)
    for hour, cohort in table.cohorts.items():
        age = as_of // HOUR * HOUR - hour * HOUR
        if 0 < age <= AGE_BOUNDS[-1]:
            pending[age_bucket(age)] += max(cohort.ended - sum(cohort.failed), 0)
    return tuple(pending)


def coverage(ended: int, unlinkable: int) -> float | None:
    """Return the share of contacts that estimates speak for: those ended that could be linked; None if none ended."""
    return ended / (ended + unlinkable) if ended + unlinkable else None


def difference(one: Estimate, other: Estimate) -> Difference:
    """Return how much larger one share is than another, with an interval made of theirs.

    Each end is as far from the difference as both shares are from their ends that lie that way, at right angles: the
    square-and-add interval of Newcombe (Statistics in Medicine 17, 1998, method 10), which Zou and Donner (Statistics
    in Medicine 27, 2008) show to hold for any two independent estimates with intervals of their own.
    """
    value = one.value - other.value
    low = value - hypot(one.value - one.low, other.high - other.value)
    high = value + hypot(one.high - one.value, other.value - other.low)
    return Difference(value, max(low, -1), min(high, 1))


def pool(tables: Iterable[CohortTable]) -> CohortTable:
    """Return the table of several populations taken together, each contact being in one of them."""
    ended: Counter[int] = Counter()
    failed: dict[int, ByBucket] = {}
    failing: dict[int, ByBucket] = {}
    for table in tables:
        for hour, cohort in table.cohorts.items():
            ended[hour] += cohort.ended
            failed[hour] = _add(failed.get(hour, NONE_BY_BUCKET), cohort.failed)
        for hour, counts in table.failing.items():
            failing[hour] = _add(failing.get(hour, NONE_BY_BUCKET), counts)
    return CohortTable({hour: Cohort(n, failed[hour]) for hour, n in ended.items()}, failing)


def _add(these: ByBucket, those: ByBucket) -> ByBucket:
    return tuple(a + b for a, b in zip(these, those, strict=True))


def _buckets(window: Millis) -> int:
    """Return how many age buckets make up a window."""
    if window not in AGE_BOUNDS:
        hours = ", ".join(str(bound // HOUR) for bound in AGE_BOUNDS)
        msg = f"a window of {window} ms is not the bound of an age bucket; use one of {hours} hours"
        raise ValueError(msg)
    return AGE_BOUNDS.index(window) + 1


def _hours(until: Millis, span: Millis) -> range:
    """Return the whole hours of a span of time, up to but without the hour that it ends in."""
    return range(until // HOUR - span // HOUR, until // HOUR)


def _tally(table: CohortTable, buckets: int, hours: range) -> tuple[int, int]:
    """Return how many contacts ended in the hours, and how many of them failed in the first buckets."""
    cohorts = [table.cohorts[hour] for hour in hours if hour in table.cohorts]
    return sum(cohort.ended for cohort in cohorts), sum(sum(cohort.failed[:buckets]) for cohort in cohorts)


def _share(table: CohortTable, window: Millis, hours: range, confidence: float) -> Estimate | None:
    ended, failed = _tally(table, _buckets(window), hours)
    return _estimate(min(failed / ended, 1), ended, confidence, (ended, failed)) if ended else None


def _exposed(table: CohortTable, bucket: int, hours: range) -> float:
    """Count the contacts that were in a bucket, each as the part of it that they went through."""
    known = table.exposures.get((bucket, hours))
    if known is None:
        known = table.exposures[bucket, hours] = _expose(table, bucket, hours)
    return known


def _expose(table: CohortTable, bucket: int, hours: range) -> float:
    low, high = (AGE_BOUNDS[bucket - 1] // HOUR if bucket else 0), AGE_BOUNDS[bucket] // HOUR
    first, start, stop = hours.start - high, hours.start, hours.stop
    spent = 0.0
    for hour, (ended, failed) in table.cohorts.items():
        if first <= hour < stop - low:
            middle = hour + 0.5  # contacts of a cohort ended, on average, at half past
            in_both = min(stop, middle + high) - max(start, middle + low)
            if in_both > 0:
                # Those that had not failed when they came to the bucket.
                spent += max(ended - sum(failed[:bucket]), 0) * in_both
    return spent / (high - low)


def _estimate(value: float, size: float, confidence: float, counts: tuple[int, int]) -> Estimate:
    """Return a share with Wilson's interval for a sample of ``size`` contacts.

    For a life table ``size`` is the effective one (Rothman, J Chronic Dis 31, 1978), which unlike the plain Greenwood
    interval stays inside [0, 1], has a width when nothing failed, and covers as it should on few contacts (Anderson,
    Bernstein and Pike, Biometrics 38, 1982, prefer it to the log-log one there).
    """
    square = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    centre = (value + square / size / 2) / (1 + square / size)
    half = sqrt(square * (value * (1 - value) / size + square / size**2 / 4)) / (1 + square / size)
    # Rounding may put the interval's end a hair's breadth beyond the value, or beyond 0 or 1.
    return Estimate(value, max(min(centre - half, value), 0), min(max(centre + half, value), 1), *counts)
