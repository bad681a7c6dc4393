"""Waits between tries, over all that targets can ask for: never negative, never beyond their bounds."""

from hypothesis import given
from hypothesis import strategies as st

from streams.delivery.backoff import FIRST, LONGEST, LONGEST_ASKED, asked_to_wait, backoff

SHARES = st.floats(0, 1, exclude_max=True)
TRIES = st.integers(1, 10_000)


@given(TRIES, SHARES)
def test_a_wait_is_anything_up_to_a_bound_that_doubles(tries: int, share: float) -> None:
    bound = min(LONGEST, FIRST * 2**tries)
    assert 0 <= backoff(tries, lambda: share) <= bound
    assert backoff(tries, lambda: 0.0) == 0
    assert backoff(tries, lambda: 0.999_999_9) >= bound - 1


@given(TRIES, SHARES)
def test_the_bound_never_falls(tries: int, share: float) -> None:
    assert backoff(tries, lambda: share) <= backoff(tries + 1, lambda: share)


@given(st.text() | st.integers().map(str) | st.datetimes().map(lambda at: at.strftime("%a, %d %b %Y %H:%M:%S GMT")))
def test_whatever_a_target_asks_for_is_within_the_bound(retry_after: str) -> None:
    assert 0 <= asked_to_wait(retry_after, 1_700_000_000_000) <= LONGEST_ASKED


def test_a_target_that_asks_for_nothing_is_given_nothing() -> None:
    assert asked_to_wait(None, 0) == 0
