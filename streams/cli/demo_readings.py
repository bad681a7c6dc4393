"""When the demo's figures are read: as often as the simulation can bear, each time all at once."""

from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

from streams.cli.demo_figures import Figures, Reading
from streams.domain.units import Millis

_AT_LEAST_S: Final = 1.0
_SHARE_OF_TIME: Final = 0.2
"""How much of the time reading may take, so that it does not slow down what it shows."""


@dataclass(slots=True)
class Readings:
    """Takes readings for whoever changes the ledger, in between. Any thread may look at the latest."""

    figures: Figures
    latest: Reading
    _next: float = 0.0
    _taken: float | None = None

    def note(self, now: Millis) -> None:
        """Note that it is now; to be called at every hour."""
        self.figures.note(now)

    def look(self, now: Millis, events: int) -> None:
        """Take a reading where it is time for the next; what was noted last must have been now."""
        begun = monotonic()
        if begun < self._next:
            return
        rate = 0.0 if self._taken is None else (events - self.latest.events) / (begun - self._taken)
        self.latest = replace(self.figures.read(now), events=events, rate=rate)
        self._taken = begun
        self._next = monotonic() + max(_AT_LEAST_S, (monotonic() - begun) / _SHARE_OF_TIME)
