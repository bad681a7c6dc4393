"""New problems: customers who come to a queue for the first time about something, at the rate of its hour."""

from dataclasses import dataclass, field

from streams.domain.units import Millis
from streams.sources.simulator.desk import Desk
from streams.sources.simulator.draws import Mix, next_arrival
from streams.sources.simulator.people import People, Problem
from streams.sources.simulator.plan import Queue
from streams.sources.simulator.world import World


@dataclass(slots=True)
class Door:
    """Brings new problems to one queue, for ever."""

    world: World
    desk: Desk
    people: People
    queue: Queue
    _reasons: Mix = field(init=False)
    _channels: Mix = field(init=False)

    def __post_init__(self) -> None:
        self._reasons = Mix({name: reason.weight for name, reason in self.queue.reasons.items()})
        self._channels = Mix(self.queue.channels)

    def open(self, at: Millis) -> None:
        """Put the next arrival on the agenda."""
        arrival = next_arrival(self.world.rng, at, self.queue.per_hour, self.queue.profile)
        self.world.agenda.put(arrival, self._arrive)

    def _arrive(self, at: Millis) -> None:
        rng = self.world.rng
        reason = self._reasons.draw(rng)
        customer = self.people.bring(reason, at)
        self.desk.take(Problem(customer, self.queue, reason, self._channels.draw(rng)), at)
        self.open(at)
