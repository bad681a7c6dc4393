"""What the parts of a simulation share: the plan, the one source of randomness, what is to be done, and the log."""

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import TypeAlias

from streams.domain.units import Millis
from streams.sources.simulator.delivery import Log
from streams.sources.simulator.plan import Plan

SOURCE = "simulator"
"""The ``source`` of every event."""

Task: TypeAlias = Callable[[Millis], None]
"""Something to be done at a time, which it is told."""


@dataclass(slots=True)
class Agenda:
    """What is to be done, in order of time; what is due at the same time, in the order in which it was put down."""

    _tasks: list[tuple[Millis, int, Task]] = field(default_factory=list)
    _count: int = 0

    def put(self, at: Millis, task: Task) -> None:
        """Put a task down for a time."""
        self._count += 1
        heappush(self._tasks, (at, self._count, task))

    @property
    def next_at(self) -> Millis:
        """When the next task is due. There always is one: arrivals never end."""
        return self._tasks[0][0]

    def do_next(self) -> None:
        """Do the next task, which may put down others."""
        at, _, task = heappop(self._tasks)
        task(at)


@dataclass(slots=True)
class World:
    """A simulation in progress. ``prefix`` begins every id, so that runs of different seeds can share a log."""

    plan: Plan
    rng: Random
    prefix: str
    start: Millis
    log: Log
    agenda: Agenda = field(default_factory=Agenda)
    _events: int = 0

    def event_id(self) -> str:
        """Return the id of the next event. Ids grow as text does, which orders the events of one instant."""
        self._events += 1
        return f"{self.prefix}e{self._events:010d}"

    def chance(self, probability: float) -> bool:
        """Return whether something of a probability happens."""
        return probability > 0 and self.rng.random() < probability
