"""What is published of a stream whose truth is known: the whole way from events to gauges, for a few days.

That the estimates themselves are right, on many streams: test_estimate_accuracy. Through the engine, twenty seeds and
four weeks long: ``make bench-estimators ARGS=--pipeline``.
"""

from statistics import fmean

import pytest

from streams.catalogue import estimates as catalogue
from streams.domain.cohort import CohortTable
from streams.domain.estimate import bounds, freshest, matured, naive
from streams.domain.units import DAY, HOUR, SECOND, Millis
from tests.estimator_pipeline import Published, published
from tests.estimator_streams import TYPICAL, WEEKDAYS, WINDOW, Stream, either, exponential, tables

WEEK = 7 * DAY


def estimated(table: CohortTable, as_of: Millis) -> Published:
    """Return what is to be published of a table."""
    live, ripe, flattering = (
        freshest(table, WINDOW, as_of),
        matured(table, WINDOW, as_of, WEEK),
        naive(table, WEEK, as_of),
    )
    limits = bounds(table, WINDOW, as_of, WINDOW + WEEK)
    assert live is not None
    assert ripe is not None
    assert flattering is not None
    assert limits is not None
    period, found = live
    return {
        catalogue.LIVE.name: found.value,
        catalogue.LIVE_LOW.name: found.low,
        catalogue.LIVE_HIGH.name: found.high,
        catalogue.LIVE_PERIOD.name: period / SECOND,
        catalogue.MATURED.name: ripe.value,
        catalogue.MATURED_LOW.name: ripe.low,
        catalogue.MATURED_HIGH.name: ripe.high,
        catalogue.NAIVE.name: flattering.value,
        catalogue.LOWER_BOUND.name: limits.low,
        catalogue.UPPER_BOUND.name: limits.high,
        catalogue.COVERAGE.name: 1,
    }


@pytest.mark.parametrize(
    "stream",
    [
        Stream(1, days=10, per_hour=20),
        Stream(2, days=11, per_hour=8, step_at=8 * DAY, by_hour_of_week=WEEKDAYS),
        Stream(3, days=9, per_hour=8, failing=0.6, delay=either(exponential(HOUR // 2), TYPICAL)),
    ],
    ids=["steady", "quiet weekends and a step", "failing early and often"],
)
def test_what_is_published_is_estimated_from_what_became_of_the_contacts(stream: Stream) -> None:
    fates = list(stream.fates())
    times = [7 * DAY + 5 * HOUR, *range(8 * DAY, stream.days * DAY + 1, DAY)]
    told = list(published(fates, times))
    assert told == [(as_of, estimated(table, as_of)) for as_of, table in tables(fates, times)]


def test_live_is_near_the_truth_where_naive_is_not_and_follows_a_step() -> None:
    step_at = 9 * DAY
    before, after = (8 * DAY, 8 * DAY + 12 * HOUR, step_at), step_at + 3 * DAY
    told = [dict(published(Stream(seed, days=12, step_at=step_at).fates(), (*before, after))) for seed in (1, 2)]

    def mean(of: str, *times: Millis) -> float:
        return fmean(gauges[time][of] for gauges in told for time in times)

    assert mean(catalogue.LIVE.name, *before) == pytest.approx(0.25, abs=0.02)
    assert mean(catalogue.MATURED.name, *before) == pytest.approx(0.25, abs=0.02)
    assert mean(catalogue.NAIVE.name, *before) < 0.1
    assert mean(catalogue.LIVE.name, after) == pytest.approx(0.40, abs=0.05)
