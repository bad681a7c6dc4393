"""The other way to reckon a live estimate, which the product does not use; kept to be compared with the one it does."""

from math import prod, sqrt
from statistics import NormalDist

from streams.domain.cohort import AGE_BOUNDS, NONE_BY_BUCKET, Cohort, CohortTable
from streams.domain.estimate import Estimate
from streams.domain.units import DAY, HOUR, Millis


def live_by_entrants(table: CohortTable, window: Millis, as_of: Millis, period: Millis = DAY) -> Estimate | None:
    """Estimate the share that will fail within ``window`` by a period life table in its textbook form.

    The hazard of an age is the first failures seen at it in the period over the contacts that *entered* it in the
    period; the interval is the plain one, of Greenwood's variance. Speaks only where the product's estimate would.
    """
    buckets = AGE_BOUNDS.index(window) + 1
    hours = range((as_of - period) // HOUR, as_of // HOUR)
    if not table.cohorts or min(table.cohorts) > hours.stop - window // HOUR:
        return None
    failed = [sum(table.failing.get(hour, NONE_BY_BUCKET)[bucket] for hour in hours) for bucket in range(buckets)]
    entered = [_entered(table, bucket, hours) for bucket in range(buckets)]
    if not all(entered):
        return None
    hazards = [min(fails / enter, 1) for fails, enter in zip(failed, entered, strict=True)]
    survived = prod(1 - hazard for hazard in hazards)
    greenwood = sum(h / (1 - h) / enter for h, enter in zip(hazards, entered, strict=True) if h < 1)
    half = NormalDist().inv_cdf(0.975) * survived * sqrt(greenwood)
    ended = sum(table.cohorts.get(hour, Cohort()).ended for hour in hours)
    return Estimate(1 - survived, max(1 - survived - half, 0), min(1 - survived + half, 1), ended, sum(failed))


def _entered(table: CohortTable, bucket: int, hours: range) -> int:
    """Count the contacts that entered a bucket. Exact: bounds are whole hours, so a cohort enters in one hour."""
    low = AGE_BOUNDS[bucket - 1] // HOUR if bucket else 0
    cohorts = (table.cohorts.get(hour - low, Cohort()) for hour in hours)
    return sum(max(cohort.ended - sum(cohort.failed[:bucket]), 0) for cohort in cohorts)
