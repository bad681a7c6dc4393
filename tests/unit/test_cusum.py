"""Cumulative sums: what is an alarm and when it ends, and that limits keep the false-alarm rate that they promise."""

from itertools import count
from math import log
from random import Random
from statistics import fmean

import pytest

from streams.domain.cusum import (
    ALLOWANCE,
    RATIO,
    count_limit,
    count_run_length,
    follow,
    odds_of,
    share_limit,
    share_run_length,
)

RUNS = 3_000


def test_a_sum_never_falls_below_zero() -> None:
    assert follow([-5.0, 1.0, 1.0], 4) == (2.0, False)


def test_an_alarm_begins_at_the_limit_where_the_sum_stays() -> None:
    assert follow([3.9], 4) == (3.9, False)
    assert follow([100.0], 4) == (4, True)


def test_an_alarm_lasts_until_the_sum_has_fallen_to_half_and_then_starts_again_from_zero() -> None:
    assert follow([4.0, -1.5], 4) == (2.5, True)
    assert follow([4.0, -2.0], 4) == (0.0, False)
    assert follow([4.0, -2.0, 3.9], 4) == (3.9, False)


def test_the_first_contact_is_an_alarm_where_the_limit_is_one_at_the_most() -> None:
    assert count_run_length(0.5) == pytest.approx(1.0)


def simulated_counts(limit: float, factor: float, seed: int) -> float:
    """Return how much is expected, on average, until the sum of a Poisson process comes to a limit."""
    random = Random(seed)

    def run() -> float:
        expected, excess = 0.0, 0.0
        while excess < limit:
            passed = random.expovariate(factor)
            expected += passed
            excess = max(excess - ALLOWANCE * passed, 0.0) + 1
        return expected

    return fmean(run() for _ in range(RUNS))


@pytest.mark.parametrize("limit", [1.5, 2.2, 3.0, 4.3])
def test_the_run_length_of_counts_is_that_of_simulated_ones(limit: float) -> None:
    assert count_run_length(limit) == pytest.approx(simulated_counts(limit, 1.0, seed=1), rel=0.08)


def test_at_one_false_alarm_in_28_days_a_doubling_of_twelve_an_hour_is_seen_after_80_minutes() -> None:
    limit = count_limit(12 * 12 * 28)
    assert simulated_counts(limit, 2.0, seed=2) / 12 * 60 == pytest.approx(80, rel=0.04)
    assert simulated_counts(limit, 3.0, seed=3) / 12 * 60 == pytest.approx(31, rel=0.04)


def test_limits_rise_with_the_run_length_by_a_contact_for_each_doubling_of_it() -> None:
    assert count_limit(8_000) - count_limit(4_000) == pytest.approx(1, abs=0.05)
    assert count_limit(1e9) - count_limit(5e8) == pytest.approx(1, abs=0.05)


def test_a_limit_is_the_lowest_that_keeps_its_promise() -> None:
    limit = count_limit(4_000)
    assert count_run_length(limit - 0.01) < 4_000 <= count_run_length(limit)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.1, 0.3, 0.5, 0.8, 0.95])
def test_the_sum_of_a_share_is_tuned_to_about_twice_its_odds(share: float) -> None:
    odds = odds_of(share)
    low, high = share, 1.0
    for _ in range(60):  # the share at which the steps of the sum are those of a likelihood ratio
        middle = (low + high) / 2
        ups, downs = middle / share, (1 - middle) / (1 - share)
        grows = odds.up * log(downs) + odds.down * log(ups) < 0
        low, high = (low, middle) if grows else (middle, high)
    assert (low / (1 - low)) / (share / (1 - share)) == pytest.approx(RATIO, rel=0.15)


def simulated_share(usual: float, limit: float, share: float, runs: int, seed: int) -> float:
    """Return how many contacts it takes, on average, until the sum comes to a limit."""
    random, odds = Random(seed), odds_of(usual)
    top = round(limit * odds.whole)

    def run() -> int:
        excess = 0
        for contacts in count(1):
            excess = max(excess + (odds.up if random.random() < share else -odds.down), 0)
            if excess >= top:
                return contacts
        raise AssertionError

    return fmean(run() for _ in range(runs))


@pytest.mark.parametrize(("share", "limit"), [(0.05, 3.0), (0.3, 4.0), (0.6, 4.0)])
def test_the_run_length_of_a_share_is_that_of_a_simulated_one(share: float, limit: float) -> None:
    simulated = simulated_share(share, limit, share, RUNS, seed=4)
    assert share_run_length(share, limit) == pytest.approx(simulated, rel=0.08)


def test_a_share_that_rises_from_30_to_45_or_60_percent_is_seen_within_some_110_and_41_contacts() -> None:
    limit = share_limit(0.3, 12_000)
    assert share_run_length(0.3, limit) >= 12_000
    assert simulated_share(0.3, limit, 0.45, RUNS, seed=5) == pytest.approx(109, rel=0.05)
    assert simulated_share(0.3, limit, 0.60, RUNS, seed=6) == pytest.approx(41, rel=0.05)


@pytest.mark.parametrize(("share", "up_to"), [(0.05, 500.0), (0.3, 5_000.0), (0.9, 2_000.0)])
def test_a_limit_of_a_share_is_the_lowest_that_keeps_its_promise(share: float, up_to: float) -> None:
    limit = share_limit(share, up_to)
    step = 1 / odds_of(share).whole
    assert share_run_length(share, limit - step) < up_to <= share_run_length(share, limit)
