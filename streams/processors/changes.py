"""What a processor works on, and what it leaves for the engine to make durable in one step."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from streams.domain.account import Maturing
from streams.domain.events import Event
from streams.domain.ledger import Additions
from streams.domain.nudges import Nudge, SpikeNudge, Watch
from streams.domain.outcomes import Outcome
from streams.domain.units import Millis

S = TypeVar("S")

TimerKey: TypeAlias = tuple[Millis, str]
"""When it is due, and what tells it from others due at the same time."""

Timer: TypeAlias = Maturing | Watch
"""What time brings: what matures of a contact, or a look at whether there is an occasion to nudge."""


class Rejected(NamedTuple):
    """An event that is well formed and yet can't be used: it belongs in the dead letters."""

    event: Event
    reason: str
    detail: str


@dataclass(slots=True)
class Changes:
    """What a batch adds to the ledger and has to say."""

    additions: Additions = field(default_factory=Additions)
    outcomes: list[Outcome] = field(default_factory=list)
    nudges: list[Nudge | SpikeNudge] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


@dataclass(slots=True)
class States(Generic[S]):
    """The state of the keys that a batch touches, and which of them it changed. A key without state is absent."""

    loaded: dict[str, S]
    dirty: set[str] = field(default_factory=set)

    def get(self, key: str) -> S | None:
        """Return the state of a key, ``None`` where it has none."""
        return self.loaded.get(key)

    def put(self, key: str, state: S) -> None:
        """Give a key a state."""
        self.loaded[key] = state
        self.dirty.add(key)

    def changed(self) -> Iterator[tuple[str, S | None]]:
        """Return each key that was changed with its new state, ``None`` where it has none any more."""
        for key in self.dirty:
            yield key, self.loaded.get(key)


class Timers:
    """What time brings, by when it is due. Holds all that is stored as due before ``horizon``, the end of the batch."""

    def __init__(self, horizon: Millis, due: Iterable[tuple[TimerKey, Timer]] = ()) -> None:
        self.horizon = horizon
        self.to_set: dict[TimerKey, Timer] = {}
        self.to_clear: set[TimerKey] = set()
        self._due = dict(due)
        self._queue = list(self._due)
        heapify(self._queue)

    def keys(self) -> set[str]:
        """Return the customers whose journeys are needed when what is held is due."""
        return {timer.customer_id for timer in self._due.values() if isinstance(timer, Watch)}

    def set(self, timer: Timer) -> None:
        """Wait for a timer, or for the first part of it."""
        key = (timer.due, timer.timer_id)
        if key[0] < self.horizon:
            if key not in self._due:
                heappush(self._queue, key)
            self._due[key] = timer
        else:
            self.to_set[key] = timer

    def clear(self, timer: Timer) -> None:
        """No longer wait for what was set."""
        key = (timer.due, timer.timer_id)
        if key[0] < self.horizon:
            self._due.pop(key, None)
        elif self.to_set.pop(key, None) is None:
            self.to_clear.add(key)

    def fire(self, before: Millis) -> Iterable[Timer]:
        """Return, in order of time, what is due before a time, and wait for the rest of it."""
        return self._fire(before) if self._queue and self._queue[0][0] < before else ()

    def _fire(self, before: Millis) -> Iterator[Timer]:
        queue = self._queue
        while queue and queue[0][0] < before:
            timer = self._due.pop(heappop(queue), None)
            if timer is None:
                continue
            due, rest = timer.split(timer.due + 1)
            if rest is not None:
                self.set(rest)
            if due is not None:
                yield due


@dataclass(slots=True)
class Work(Generic[S]):
    """What a processor with timers works on: the states it touches, what is due, and what it leaves behind."""

    states: States[S]
    timers: Timers
    changes: Changes
