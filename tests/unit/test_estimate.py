"""The estimates on tables small enough to reckon by hand. How right they are on streams: test_estimate_accuracy."""

from collections.abc import Iterable

import pytest

from streams.domain.cohort import Cohort, CohortTable
from streams.domain.estimate import Bounds, bounds, coverage, freshest, live, matured, naive, pool
from streams.domain.units import DAY, HOUR, MINUTE
from tests.bench.entrants import live_by_entrants

NOW = 40 * DAY
NOW_HOUR = NOW // HOUR


def by_bucket(*counts: int) -> tuple[int, ...]:
    return (*counts, *[0] * (10 - len(counts)))


def steady(ended: int, *failed: int, hours: Iterable[int] = range(NOW_HOUR)) -> CohortTable:
    """Return a table in which every hour is like every other and nothing is left to happen."""
    failed = by_bucket(*failed)
    hours = list(hours)
    return CohortTable(dict.fromkeys(hours, Cohort(ended, failed)), dict.fromkeys(hours, failed))


def test_a_live_estimate_of_a_steady_queue_is_the_share_that_fails() -> None:
    table = steady(8, 1, 0, 1, 0, 0, 1)
    in_a_day, in_a_week = live(table, DAY, NOW, DAY), live(table, 7 * DAY, NOW, DAY)
    assert in_a_day is not None
    assert in_a_week is not None
    assert (in_a_day.value, in_a_week.value) == pytest.approx((2 / 8, 3 / 8))
    assert (in_a_day.ended, in_a_day.failed) == (8 * 24, 2 * 24)
    assert (in_a_week.ended, in_a_week.failed) == (8 * 24, 3 * 24)


def test_live_multiplies_what_contacts_of_different_hours_survived() -> None:
    # 24 of the 96 contacts that the last day saw through their first hour failed; of 72 in the next three, 18 did.
    cohorts = {hour: Cohort(4, by_bucket(1)) for hour in range(NOW_HOUR - 28, NOW_HOUR)}
    found = live(CohortTable(cohorts, {NOW_HOUR - 1: by_bucket(24, 18)}), 4 * HOUR, NOW)
    assert found is not None
    assert found.value == pytest.approx(1 - (1 - 24 / 96) * (1 - 18 / 72))


def test_a_life_table_of_one_age_has_the_interval_of_a_plain_share() -> None:
    table = steady(8, 2)
    assert live(table, HOUR, NOW) == pytest.approx(matured(table, HOUR, NOW))


def test_the_variance_of_a_life_table_is_greenwoods() -> None:
    # Every contact seen to its end: Greenwood's variance is then the binomial one, so the interval is that of a share.
    table = steady(8, 1, 1, 1, 1)
    assert live(table, DAY, NOW) == pytest.approx(matured(table, DAY, NOW))


@pytest.mark.parametrize("into_the_hour", [0, MINUTE, HOUR - 1])
def test_the_hour_under_way_is_left_out(into_the_hour: int) -> None:
    table = steady(8, 2)
    begun = CohortTable({**table.cohorts, NOW_HOUR: Cohort(99)}, {**table.failing, NOW_HOUR: by_bucket(99)})
    assert live(begun, DAY, NOW + into_the_hour, DAY) == live(table, DAY, NOW, DAY)


def test_nothing_is_said_before_the_first_contacts_have_been_through_the_window() -> None:
    table = steady(8, 2, hours=range(NOW_HOUR - 7 * 24 + 1, NOW_HOUR))
    assert live(table, 7 * DAY, NOW, DAY) is None
    assert live(table, 7 * DAY, NOW + HOUR, DAY) is not None


def test_nothing_is_said_where_no_contact_came_to_one_of_the_ages() -> None:
    closed_the_day_before_yesterday = range(NOW_HOUR - 72, NOW_HOUR - 12)
    table = steady(8, 2, hours=[hour for hour in range(NOW_HOUR) if hour not in closed_the_day_before_yesterday])
    assert live(table, 4 * HOUR, NOW, DAY) is not None
    assert live(table, DAY, NOW, DAY) is None
    assert live(CohortTable(), DAY, NOW, DAY) is None


def test_more_failures_than_contacts_at_an_age_read_as_all_of_them() -> None:
    found = live(CohortTable(steady(1).cohorts, steady(1, 5).failing), DAY, NOW, DAY)
    assert found is not None
    assert (found.value, found.high) == (1, 1)
    assert 0 < found.low < 1


def test_no_failures_still_leave_doubt() -> None:
    few, many = live(steady(1), DAY, NOW, DAY), live(steady(100), DAY, NOW, DAY)
    assert few is not None
    assert many is not None
    assert (few.value, few.low) == (0, 0)
    assert few.high > many.high > 0


def test_an_age_that_few_came_to_leaves_doubt_though_none_failed_there() -> None:
    # In the last hour as much as a hundred contacts went through the first age, where twenty failed: half of it each,
    # for those that ended in that hour did so at half past. Through the next age, of three hours, went many, or one.
    last, before = NOW_HOUR - 1, NOW_HOUR - 3
    failing = {last: by_bucket(20)}
    many, one = (
        live(CohortTable({0: Cohort(), last: Cohort(200), before: Cohort(3 * n)}, failing), 4 * HOUR, NOW, HOUR)
        for n in (100, 1)
    )
    assert many is not None
    assert one is not None
    assert many.value == one.value == pytest.approx(0.2)
    assert many.high - many.low < 0.2
    assert one.high - one.low > 0.5


def test_a_higher_confidence_widens_the_interval() -> None:
    likely, sure = (live(steady(8, 2), DAY, NOW, confidence=confidence) for confidence in (0.8, 0.99))
    assert likely is not None
    assert sure is not None
    assert sure.low < likely.low < likely.value < likely.high < sure.high


def test_quiet_weekends_do_not_mislead_live_as_they_would_by_entrants() -> None:
    # A tenth of the contacts fail on the second day, evenly over it; weekends have a tenth of the volume.
    volume = [48 if hour // 24 % 7 in range(5) else 4.8 for hour in range(NOW_HOUR)]
    cohorts = {hour: Cohort(int(n * 100), by_bucket(0, 0, 0, 0, int(n * 10))) for hour, n in enumerate(volume)}
    failing = dict.fromkeys(range(NOW_HOUR + 48), 0.0)
    for hour, n in enumerate(volume):
        for age in range(24, 49):
            failing[hour + age] += n * 10 / 24 / (2 if age in (24, 48) else 1)
    table = CohortTable(cohorts, {hour: by_bucket(0, 0, 0, 0, round(n)) for hour, n in failing.items()})
    week = [NOW - day * DAY for day in range(7)]
    by_exposure = [found.value for at in week if (found := live(table, 2 * DAY, at))]
    by_entrants = [found.value for at in week if (found := live_by_entrants(table, 2 * DAY, at))]
    assert by_exposure == pytest.approx([0.1] * 7, abs=0.001)
    assert max(by_entrants) > 0.4
    assert min(by_entrants) < 0.06


def test_the_freshest_estimate_is_that_of_the_shortest_period_that_has_one() -> None:
    open_till_now, closed_yesterday = steady(8, 2), steady(8, 2, hours=range(NOW_HOUR - 25))
    assert freshest(open_till_now, DAY, NOW) == (DAY, live(open_till_now, DAY, NOW, DAY))
    assert freshest(closed_yesterday, DAY, NOW) == (7 * DAY, live(closed_yesterday, DAY, NOW, 7 * DAY))
    assert freshest(CohortTable(), DAY, NOW) is None


@pytest.mark.parametrize(
    ("failed", "ended", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_share_has_the_published_wilson_interval(failed: int, ended: int, low: float, high: float) -> None:
    """The figures are those of Newcombe, Statistics in Medicine 17 (1998), table I."""
    found = matured(CohortTable({NOW_HOUR - 2: Cohort(ended, by_bucket(failed))}), HOUR, NOW)
    assert found == pytest.approx((failed / ended, low, high, ended, failed), abs=1e-4)


def test_matured_speaks_for_the_last_contacts_whose_window_has_passed() -> None:
    first, last = NOW_HOUR - 7 * 24 - 24, NOW_HOUR - 7 * 24 - 1
    outside = {hour: Cohort(99) for hour in (first - 1, last + 1)}
    table = CohortTable(
        {**outside, first: Cohort(3, by_bucket(1)), last: Cohort(5, by_bucket(0, 0, 0, 0, 0, 0, 0, 2, 1))}
    )
    found = matured(table, 7 * DAY, NOW)
    assert found is not None
    assert (found.value, found.ended, found.failed) == (3 / 8, 8, 3)
    assert matured(table, 7 * DAY, NOW - 7 * DAY) is None


def test_naive_takes_the_contacts_that_had_no_time_to_fail_for_good() -> None:
    table = CohortTable({NOW_HOUR - 1: Cohort(6), NOW_HOUR - 24: Cohort(4, by_bucket(2)), NOW_HOUR - 25: Cohort(99)})
    found = naive(table, 7 * DAY, NOW)
    assert found is not None
    assert (found.value, found.ended, found.failed) == (0.2, 10, 2)
    assert naive(CohortTable(), 7 * DAY, NOW) is None


def test_bounds_leave_open_what_becomes_of_pending_contacts() -> None:
    old, young = Cohort(4, by_bucket(1, 0, 0, 0, 1)), Cohort(6, by_bucket(1))
    table = CohortTable({NOW_HOUR - 25: old, NOW_HOUR - 24: young})
    assert bounds(table, DAY, NOW, 2 * DAY) == Bounds(2 / 10, (2 + 5) / 10)
    assert bounds(table, 2 * DAY, NOW, 2 * DAY) == Bounds(3 / 10, 1)
    assert bounds(table, DAY, NOW, DAY) == Bounds(1 / 6, 1)
    assert bounds(CohortTable(), DAY, NOW) is None


def test_coverage_is_the_share_that_could_be_linked() -> None:
    assert coverage(ended=3, unlinkable=1) == 0.75
    assert coverage(ended=0, unlinkable=2) == 0
    assert coverage(ended=0, unlinkable=0) is None


def test_a_pool_adds_up_its_populations_hour_by_hour() -> None:
    here = CohortTable({1: Cohort(5, by_bucket(1, 2)), 2: Cohort(1)}, {3: by_bucket(1)})
    there = CohortTable({1: Cohort(2, by_bucket(0, 1))}, {3: by_bucket(0, 1), 4: by_bucket(2)})
    assert pool([here, there]) == CohortTable(
        {1: Cohort(7, by_bucket(1, 3)), 2: Cohort(1)}, {3: by_bucket(1, 1), 4: by_bucket(2)}
    )
    assert pool([]) == CohortTable()


def test_a_window_that_no_age_bucket_ends_at_is_refused_with_those_that_will_do() -> None:
    with pytest.raises(ValueError, match=r"864000000 ms is not .* use one of 1, 4, 12, 24, 48, 72, 120, 168, 336, 720"):
        live(steady(8, 2), 10 * DAY, NOW)
