"""Finds states that need not be kept any more, by looking at some of all at each step."""

from collections.abc import Mapping
from typing import Final

from streams.domain.units import Millis
from streams.engines.kafka.keeping import expiry
from streams.engines.kafka.shelf import Shelf

_BEYOND: Final = b"k"
"""No state has a key from here on."""
_AT_LEAST: Final = 20
_AT_MOST: Final = 20_000
_ROUNDS: Final = 4
"""How often all states are looked at in the time for which one is remembered."""


class Sweeping:
    """Goes over the states of a shelf, round after round, at the pace at which they expire."""

    def __init__(self, shelf: Shelf, memory: Millis) -> None:
        """Begin a round.

        Args:
            shelf: that the states are on.
            memory: for how long a state is remembered at least.
        """
        self._shelf = shelf
        self._memory = memory
        self._start = b""

    def look(self, states: int, passed: Millis, now: Mapping[bytes, Millis]) -> list[bytes]:
        """Return keys of states that have expired.

        Args:
            states: how many there are.
            passed: how much time of the log has passed since the last look.
            now: the time that it is, by the letter that keys begin with.
        """
        most = min(_AT_LEAST + states * passed * _ROUNDS // self._memory, _AT_MOST)
        expired: list[bytes] = []
        start, self._start = self._start, b""
        for looked_at, (key, value) in enumerate(self._shelf.between(start, _BEYOND)):
            at = now.get(key[:1])
            if at is not None and expiry(value) <= at:
                expired.append(key)
            if looked_at == most:
                self._start = key
                break
        return expired
