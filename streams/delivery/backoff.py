"""How long to wait before the next try."""

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final

from streams.contracts.times import EPOCH
from streams.domain.units import MINUTE, SECOND, Millis

FIRST: Final[Millis] = SECOND // 2
LONGEST: Final[Millis] = MINUTE
LONGEST_ASKED: Final[Millis] = 5 * MINUTE
"""However much longer a target asks us to wait."""

_MOST_DOUBLINGS: Final = 20


def backoff(tries: int, random: Callable[[], float]) -> Millis:
    """Return how long to wait after so many tries: anything up to a bound that doubles.

    A target that comes back is so not met by everybody at once.

    Args:
        tries: how often it was tried, from 1.
        random: returns a number from 0 up to 1.
    """
    return int(random() * min(LONGEST, FIRST << min(tries, _MOST_DOUBLINGS)))


def asked_to_wait(retry_after: str | None, now: Millis) -> Millis:
    """Return how long a target asks us to wait by ``Retry-After``: seconds or a date; within a bound."""
    if retry_after is None:
        return 0
    if retry_after.strip().isdecimal():
        asked = int(retry_after[:_MOST_DOUBLINGS]) * SECOND
    else:
        try:
            asked = int((parsedate_to_datetime(retry_after) - EPOCH).total_seconds() * SECOND) - now
        except (ValueError, TypeError, OverflowError):  # it is no date; or one without a zone
            return 0
    return max(0, min(asked, LONGEST_ASKED))
