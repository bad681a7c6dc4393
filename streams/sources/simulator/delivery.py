"""How events reach the log: in order of their time but for the disorder, the delays and the duplicates of a plan."""

from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

from streams.domain.events import ClockTicked, Event
from streams.domain.units import DAY, HOUR, MINUTE, SECOND, Millis
from streams.sources.simulator.plan import Delivery
from streams.sources.simulator.truth import TruthRecord


class Logged(NamedTuple):
    """An event on its way to the log. ``number`` keeps the order of what is logged at the same time."""

    logged_at: Millis
    number: int
    event: Event
    truth: TruthRecord | None


@dataclass(slots=True)
class Log:
    """Events that are still to be logged: those of contacts in progress, and what will become of them."""

    rng: Random
    delivery: Delivery
    _coming: list[Logged] = field(default_factory=list)
    _count: int = 0

    def write(self, event: Event, truth: TruthRecord | None = None) -> None:
        """Let an event reach the log, perhaps late, perhaps twice. Clock ticks are always on time."""
        if isinstance(event, ClockTicked):
            self._push(event.occurred_at, event, truth)
            return
        logged_at = event.occurred_at + self._delay()
        self._push(logged_at, event, truth)
        if self._happens(self.delivery.duplicated):
            self._push(logged_at + self._up_to(5 * SECOND), event)
        if self._happens(self.delivery.duplicated_later):
            self._push(logged_at + HOUR + self._up_to(2 * DAY - HOUR), event)

    @property
    def next_at(self) -> Millis | None:
        """When the next event is logged, ``None`` if none is on its way."""
        return self._coming[0].logged_at if self._coming else None

    def take(self) -> Logged:
        """Take the next event in the order of the log."""
        return heappop(self._coming)

    def _push(self, logged_at: Millis, event: Event, truth: TruthRecord | None = None) -> None:
        self._count += 1
        heappush(self._coming, Logged(logged_at, self._count, event, truth))

    def _delay(self) -> Millis:
        if self._happens(self.delivery.disordered):
            return self._up_to(self.delivery.max_disorder)
        if self._happens(self.delivery.late):
            return min(MINUTE, self.delivery.late_by) + self._up_to(max(self.delivery.late_by - MINUTE, 0))
        return 0

    def _up_to(self, longest: Millis) -> Millis:
        return int(self.rng.random() * (longest + 1))

    def _happens(self, probability: float) -> bool:
        return probability > 0 and self.rng.random() < probability
