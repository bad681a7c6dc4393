"""The simulator under any plan and seed: repeatable, in order, readable, and true to its own bounds."""

import tracemalloc
from dataclasses import replace
from itertools import islice
from math import sqrt
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contracts.decode import decode
from streams.domain import events as e
from streams.domain.units import DAY, HOUR, MINUTE, SECOND, Millis
from streams.sources.simulator.draws import (
    Mix,
    cut_exponential,
    cut_exponential_in_profile,
    duration,
    next_arrival,
)
from streams.sources.simulator.generate import Simulated, simulate
from streams.sources.simulator.plan import Customers, Delivery, Plan
from streams.sources.simulator.presets import constant_plan, demo_plan, late_parcels, noisy_plan
from streams.sources.simulator.profile import business_hours
from streams.sources.simulator.truth import true_failure_rate

MONDAY: Millis = 1_767_571_200_000  # 2026-01-05T00:00:00Z

SEEDS = st.integers(0, 2**32)
STARTS = st.integers(MONDAY, MONDAY + 7 * DAY)
SHARES = st.floats(0, 0.9)
PLANS = st.sampled_from([demo_plan(), demo_plan(late_parcels(MONDAY)), noisy_plan(), constant_plan()])


@given(PLANS, SEEDS, STARTS, st.integers(0, 60))
@settings(max_examples=30, deadline=None)
def test_the_same_seed_gives_the_same_bytes(plan: Plan, seed: int, start: Millis, contacts: int) -> None:
    assert list(simulate(plan, seed, start, contacts)) == list(simulate(plan, seed, start, contacts))


@given(PLANS, SEEDS, st.lists(st.integers(1, 40), max_size=20))
@settings(max_examples=30, deadline=None)
def test_how_many_records_are_asked_for_at_a_time_changes_nothing(plan: Plan, seed: int, sizes: list[int]) -> None:
    whole = list(islice(simulate(plan, seed, MONDAY), sum(sizes)))
    run = simulate(plan, seed, MONDAY)
    assert [record for size in sizes for record in islice(run, size)] == whole


@given(PLANS, SEEDS, SEEDS)
@settings(max_examples=20, deadline=None)
def test_runs_of_different_seeds_share_no_id(plan: Plan, one: int, other: int) -> None:
    ids = [{record.event.event_id for record in simulate(plan, seed, MONDAY, 5)} for seed in (one, other)]
    assert one == other or not ids[0] & ids[1]


@given(PLANS, SEEDS, STARTS)
@settings(max_examples=20, deadline=None)
def test_every_record_reads_back_as_the_event_that_it_was_made_from(plan: Plan, seed: int, start: Millis) -> None:
    for record in simulate(plan, seed, start, contacts=60):
        assert decode(record.raw, record.logged_at) == record.event
        assert record.event.occurred_at == record.occurred_at >= start


@given(PLANS, SEEDS, STARTS, st.integers(0, 2 * DAY))
@settings(max_examples=20, deadline=None)
def test_nothing_happens_from_the_end_on(plan: Plan, seed: int, start: Millis, length: Millis) -> None:
    for record in simulate(plan, seed, start, until=start + length):
        assert start <= record.occurred_at < start + length


@given(SEEDS, SHARES, st.integers(0, 10 * SECOND))
@settings(max_examples=25, deadline=None)
def test_disorder_stays_within_its_bound(seed: int, share: float, longest: Millis) -> None:
    plan = replace(demo_plan(), delivery=Delivery(disordered=share, max_disorder=longest))
    latest = 0
    for record in simulate(plan, seed, MONDAY, contacts=100):
        assert 0 <= record.logged_at - record.occurred_at <= longest
        assert latest - record.occurred_at <= longest
        latest = max(latest, record.occurred_at)


@given(SEEDS, SHARES, SHARES)
@settings(max_examples=25, deadline=None)
def test_duplicates_follow_their_original_and_equal_it(seed: int, soon: float, later: float) -> None:
    plan = replace(noisy_plan(), delivery=Delivery(0.5, duplicated=soon, duplicated_later=later))
    first: dict[str, Simulated] = {}
    for record in simulate(plan, seed, MONDAY, contacts=40):
        original = first.setdefault(record.event.event_id, record)
        assert original.raw == record.raw
        assert original.logged_at <= record.logged_at <= original.logged_at + 2 * DAY
        if original is record:
            assert (record.truth is not None) == isinstance(record.event, e.ContactOffered)
        else:
            assert record.truth is None


@given(SEEDS, st.floats(0, 0.8), SHARES)
@settings(max_examples=15, deadline=None)
def test_any_failure_rate_is_realised(seed: int, rate: float, returning: float) -> None:
    plan = replace(constant_plan(failure_rate=rate), customers=Customers(returning=returning), tick=None)
    share = true_failure_rate(record.truth for record in simulate(plan, seed, MONDAY, 800) if record.truth)
    assert share.contacts == 800
    assert abs(share.failed - share.expected) <= 6 * sqrt(800 * rate * (1 - rate)) + 1


@given(SEEDS, st.integers(MINUTE, 30 * DAY), st.integers(1, 30 * DAY))
def test_a_cut_delay_is_never_outside_its_bounds(seed: int, mean: Millis, within: Millis) -> None:
    assert 0 < cut_exponential(Random(seed), mean, within) <= within


@given(SEEDS, STARTS, st.integers(HOUR, 7 * DAY))
def test_a_delay_in_profile_is_never_outside_its_bounds(seed: int, since: Millis, within: Millis) -> None:
    delay = cut_exponential_in_profile(Random(seed), 36 * HOUR, within, since, business_hours(closed=0.0))
    assert 0 < delay <= within


@given(SEEDS, STARTS, st.floats(0.01, 10_000))
def test_the_next_arrival_is_not_before_the_last(seed: int, after: Millis, per_hour: float) -> None:
    assert next_arrival(Random(seed), after, per_hour, business_hours()) >= after


@given(SEEDS, st.integers(SECOND, DAY), st.floats(0, 2))
def test_durations_are_whole_seconds_and_at_least_one(seed: int, median: Millis, spread: float) -> None:
    drawn = duration(Random(seed), median, spread)
    assert drawn >= SECOND
    assert drawn % SECOND == 0


@given(SEEDS, st.dictionaries(st.text(max_size=3), st.floats(0.01, 100), min_size=1, max_size=6))
def test_a_mix_draws_only_its_own_names(seed: int, weights: dict[str, float]) -> None:
    assert Mix(weights).draw(Random(seed)) in weights


def test_a_mix_draws_by_weight() -> None:
    rng, mix = Random(1), Mix({"often": 3, "seldom": 1, "never": 0})
    drawn = [mix.draw(rng) for _ in range(4_000)]
    assert drawn.count("never") == 0
    assert abs(drawn.count("often") - 3_000) < 5 * sqrt(4_000 * 0.75 * 0.25)


def test_memory_does_not_grow_with_the_length_of_the_run() -> None:
    plan = replace(constant_plan(rate_per_hour=10), customers=Customers(pool=50), tick=None)
    run = simulate(plan, 1, MONDAY)
    held: list[int] = []
    tracemalloc.start()
    try:
        for day in (10, 30):
            while next(run).logged_at < MONDAY + day * DAY:
                pass
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert held[1] < 1.5 * held[0]
