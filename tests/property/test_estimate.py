"""What holds of the estimates for any table."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.cohort import AGE_BOUNDS, ByBucket, Cohort, CohortTable
from streams.domain.estimate import PERIODS, Estimate, bounds, freshest, live, matured, naive, pool
from streams.domain.units import DAY, HOUR, Millis
from tests.estimator_streams import Fate, tables

NOW = 60 * DAY  # beyond the longest window and the longest period together
BUCKETS = len(AGE_BOUNDS)

counts = st.one_of(st.integers(0, 5), st.integers(0, 10**12))
by_bucket = st.tuples(*[counts] * BUCKETS)
hours = st.integers(0, NOW // HOUR + 2)
any_table = st.builds(
    CohortTable,
    st.dictionaries(hours, st.builds(Cohort, counts, by_bucket), max_size=8),
    st.dictionaries(hours, by_bucket, max_size=8),
)
windows = st.sampled_from(AGE_BOUNDS)
times = st.integers(0, NOW + DAY)
spans = st.one_of(st.sampled_from(PERIODS), st.integers(0, 40 * DAY))
every = pytest.mark.parametrize("estimate", [live, matured, naive])

Share: TypeAlias = Callable[[CohortTable, Millis, Millis, Millis], Estimate | None]
"""An estimate of (table, window, as_of, and the time that it speaks for)."""


@dataclass(frozen=True)
class SteadyHour:
    """What happens in each hour of a stream that never changes: contacts that end, and how many fail at each age."""

    ended: int
    failed: ByBucket

    def table(self) -> CohortTable:
        hours = range(NOW // HOUR)
        return CohortTable(dict.fromkeys(hours, Cohort(self.ended, self.failed)), dict.fromkeys(hours, self.failed))


@st.composite
def steady_hours(draw: st.DrawFn) -> SteadyHour:
    """Draw a stream in which some contact survives every age, so that every age has entrants."""
    failed = draw(st.tuples(*[st.integers(0, 50)] * BUCKETS))
    return SteadyHour(sum(failed) + draw(st.integers(1, 50)), failed)


@st.composite
def fates(draw: st.DrawFn) -> Fate:
    ended_at = draw(st.integers(0, NOW))
    delay = draw(st.none() | st.integers(1, AGE_BOUNDS[-1]))
    return Fate(ended_at, None if delay is None else ended_at + delay)


@every
@given(table=any_table, window=windows, as_of=times, span=spans)
def test_any_table_gives_a_share_inside_its_interval_or_nothing(
    estimate: Share, table: CohortTable, window: Millis, as_of: Millis, span: Millis
) -> None:
    found = estimate(table, window, as_of, span)
    assert found is None or 0 <= found.low <= found.value <= found.high <= 1


@given(table=st.one_of(any_table, steady_hours().map(SteadyHour.table)), as_of=times)
def test_a_longer_window_never_fails_less(table: CohortTable, as_of: Millis) -> None:
    found = [live(table, window, as_of, DAY) for window in AGE_BOUNDS]
    values = [one.value for one in found if one is not None]
    assert values == sorted(values)


@given(table=any_table, window=windows, as_of=times, span=spans)
def test_bounds_are_in_order_and_hold_the_naive_share(
    table: CohortTable, window: Millis, as_of: Millis, span: Millis
) -> None:
    found, share = bounds(table, window, as_of, span), naive(table, window, as_of, span)
    assert (found is None) == (share is None)
    assert found is None or share is None or 0 <= found.low == share.value <= found.high <= 1


@given(hour=steady_hours(), window=windows, period=st.sampled_from(PERIODS))
def test_live_is_exact_on_a_stream_that_never_changes(hour: SteadyHour, window: Millis, period: Millis) -> None:
    found = live(hour.table(), window, NOW, period)
    assert found is not None
    assert found.value == pytest.approx(sum(hour.failed[: AGE_BOUNDS.index(window) + 1]) / hour.ended)


@every
@given(contacts=st.lists(fates(), max_size=40), window=windows, as_of=times, period=st.sampled_from(PERIODS))
def test_what_happens_later_changes_no_estimate_but_the_naive_one(
    estimate: Share, contacts: list[Fate], window: Millis, as_of: Millis, period: Millis
) -> None:
    as_of -= as_of % HOUR
    (_, then), (_, later) = tables(contacts, [as_of, NOW + AGE_BOUNDS[-1] + HOUR])
    early, late = estimate(then, window, as_of, period), estimate(later, window, as_of, period)
    if estimate is naive:
        assert (early is None) == (late is None)
        assert early is None or late is None or early.value <= late.value
    else:
        assert early == late


@given(some=st.lists(any_table, max_size=3), more=st.lists(any_table, max_size=3))
def test_pools_of_pools_are_one_pool_in_any_order(some: list[CohortTable], more: list[CohortTable]) -> None:
    whole = pool([*some, *more])
    assert whole == pool([pool(some), pool(more)]) == pool([*more, *some])


@pytest.mark.parametrize("estimate", [matured, naive])
@given(here=any_table, there=any_table, window=windows, as_of=times)
def test_a_pools_counts_are_those_of_its_parts(
    estimate: Share, here: CohortTable, there: CohortTable, window: Millis, as_of: Millis
) -> None:
    def counted(found: Estimate | None) -> tuple[int, int]:
        return (found.ended, found.failed) if found else (0, 0)

    parts = [counted(estimate(table, window, as_of, 7 * DAY)) for table in (here, there)]
    # A part with failures and no contacts says nothing by itself, so only the contacts have to add up for any table.
    ended, failed = counted(estimate(pool([here, there]), window, as_of, 7 * DAY))
    assert ended == sum(part[0] for part in parts)
    assert failed >= sum(part[1] for part in parts)


@given(hour=steady_hours(), window=windows)
def test_twice_the_contacts_say_the_same_more_surely(hour: SteadyHour, window: Millis) -> None:
    table = hour.table()
    once, twice = (live(each, window, NOW, DAY) for each in (table, pool([table, table])))
    assert once is not None
    assert twice is not None
    assert twice.value == pytest.approx(once.value)
    assert twice.high - twice.low < once.high - once.low


@given(table=any_table, window=windows, as_of=times)
def test_the_freshest_estimate_is_one_of_those_of_its_periods(
    table: CohortTable, window: Millis, as_of: Millis
) -> None:
    each = map(partial(live, table, window, as_of), PERIODS)
    found = [(period, one) for period, one in zip(PERIODS, each, strict=True) if one is not None]
    assert freshest(table, window, as_of) == (found[0] if found else None)
