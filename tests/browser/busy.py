"""A board with a long past and a busy present."""

from collections.abc import Iterator
from typing import Final

from streams.domain.units import MINUTE, SECOND, Millis
from tests.board import Record, answered, at, ended, failure, issued, value

HISTORY: Final = 10_000
A_MINUTE: Final = 50
"""Nudges."""
_BEGINS: Final = at(hours=1)
_ENDS: Final = at(hours=9)


def history() -> Iterator[Record]:
    """Contacts that came again today, each of which somebody was nudged about and acted on."""
    step = (_ENDS - _BEGINS) // HISTORY
    for n in range(HISTORY):
        when, place = _BEGINS + n * step, f"queue-{n % 20}/payments/voice"
        yield value(f"first-{n}", when, place=place)
        yield ended(f"first-{n}", when + SECOND, place=place)
        yield failure(f"again-{n}", when + MINUTE, f"first-{n}", place=place)
        nudge = issued(f"again-{n}", when + MINUTE, place=place)
        yield nudge
        yield answered(nudge, when + 2 * MINUTE, note=f"called back {n}")


def comes_again(n: int, when: Millis) -> list[Record]:
    """A customer comes again, and a lead is nudged."""
    place = f"queue-{n % 20}/payments/voice"
    return [failure(f"now-{n}", when, place=place), issued(f"now-{n}", when, place=place, reason=f"reason_{n}")]
