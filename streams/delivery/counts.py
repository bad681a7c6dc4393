"""What became of deliveries, in numbers that can be read at any time."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from streams.domain.units import Millis

BOUNDS: Final[tuple[Millis, ...]] = (100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000)


@dataclass(slots=True)
class Counts:
    """Totals of one webhook since the start.

    Attributes:
        delivered: nudges that the target took.
        retried: tries beyond the first.
        dead: nudges that it never will, by reason.
        unchanged: records that say what was delivered already.
        delays: how many were delivered within each of the bounds after they occurred; the last is for later ones.
        delay_sum: all of these delays together, in milliseconds.
    """

    delivered: int = 0
    retried: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0
    delays: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    delay_sum: Millis = 0

    def deliver(self, delay: Millis) -> None:
        """Count a nudge that was delivered so long after it occurred."""
        self.delivered += 1
        self.delays[bisect_left(BOUNDS, delay)] += 1
        self.delay_sum += delay
