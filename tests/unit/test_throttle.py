"""How much a team is nudged: limits of spans and of shares of the customers, also where the settings have changed."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from streams.domain.policy import Nudging
from streams.domain.throttle import Throttle
from streams.domain.units import DAY, HOUR, MINUTE, Millis
from tests.journeys import START


def send(throttle: Throttle, customers: Iterable[str], at: Millis, team: str = "blue") -> int:
    """Nudge as many as are admitted; return how many that were."""
    admitted = 0
    for customer in customers:
        if throttle.admits(team, customer, at):
            throttle.count(team, customer, at)
            admitted += 1
    return admitted


def restarted(throttle: Throttle, nudging: Nudging) -> Throttle:
    after = Throttle(nudging)
    after.restore(throttle.snapshot())
    return after


@pytest.mark.parametrize(("limit", "shares"), [(5, 12), (12, 12), (13, 12), (60, 12), (7, 1)])
def test_the_parts_of_the_shares_add_up_to_the_limit(limit: int, shares: int) -> None:
    throttle = Throttle(Nudging(limit=limit, shares=shares))
    assert send(throttle, map(str, range(1_000)), START) == limit


@pytest.mark.parametrize("changed_to", [MINUTE, HOUR, DAY])
def test_a_team_is_told_again_in_the_next_span_after_spans_have_another_length(changed_to: Millis) -> None:
    before = Throttle(Nudging(limit=1, span=10 * MINUTE, shares=1))
    before.count("blue", "anna", START)
    after = restarted(before, Nudging(limit=1, span=changed_to, shares=1))
    assert not after.admits("blue", "anna", START)
    assert after.admits("blue", "anna", START + changed_to)


def test_counts_outlive_a_restart_beside_one_that_was_made_by_shorter_spans() -> None:
    longer = Nudging(limit=1, span=HOUR, shares=1)
    throttle = Throttle(replace(longer, span=10 * MINUTE))
    throttle.count("blue", "anna", START + 50 * MINUTE)
    throttle = restarted(throttle, longer)
    throttle.count("red", "anna", START + 55 * MINUTE)
    throttle = restarted(throttle, longer)
    assert not throttle.admits("blue", "anna", START + 59 * MINUTE)
    assert not throttle.admits("red", "anna", START + 59 * MINUTE)


def test_what_is_kept_of_spans_that_have_passed_is_let_go_of() -> None:
    throttle = Throttle(Nudging(limit=1, span=HOUR, shares=1))
    throttle.count("blue", "anna", START)
    throttle.count("red", "anna", START + HOUR)
    assert [sent.team for sent in throttle.snapshot()] == ["red"]
