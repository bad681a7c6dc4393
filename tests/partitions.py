"""Topics in memory, and units that work on them: what the Kafka engine does, without Kafka, one step at a time."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import orjson

from streams.contracts.dead_letters import DeadLetter
from streams.domain.ledger import Entry, Series
from streams.domain.policy import Policy
from streams.domain.units import Millis
from streams.engines.kafka.keeping import EXEMPLARS, LEDGER, REPORT
from streams.engines.kafka.shelf import Memory, Place, Shelf, Write
from streams.engines.kafka.unit import Unit

TOPICS = ("events", "facts")


class Record(NamedTuple):
    offset: int
    timestamp: Millis
    key: bytes | None
    value: bytes | None


class Partitions:
    """As many units as there are partitions. A fault may happen to any of them at any step."""

    def __init__(self, folder: Path, policy: Policy, partitions: int) -> None:
        self._policy = policy
        self._folder = folder
        self._memory = Memory(1 << 20, 1 << 20)
        self.partitions = range(partitions)
        self.events: list[list[Record]] = [[] for _ in self.partitions]
        self.facts: list[list[Record]] = [[] for _ in self.partitions]
        self.state: list[list[Write]] = [[] for _ in self.partitions]
        self.ledger: list[list[Write]] = [[] for _ in self.partitions]
        self.outcomes: list[bytes] = []
        self.nudges: list[bytes] = []
        self.dead: list[DeadLetter] = []
        self._shelves = [self._shelf(p) for p in self.partitions]
        self._units = [self._unit(p) for p in self.partitions]
        self._read = [[0, 0] for _ in self.partitions]

    def append(self, records: Iterable[tuple[str, bytes]], received_at: Millis) -> None:
        """Put records in the log, each in the partition of its key."""
        for key, value in records:
            log = self.events[crc32(key.encode()) % len(self.partitions)]
            log.append(Record(len(log), received_at, key.encode(), value))

    def tick(self, tick: Callable[[int], bytes], received_at: Millis) -> None:
        """Tell every partition the time."""
        for p in self.partitions:
            self.events[p].append(Record(len(self.events[p]), received_at, None, tick(p)))

    def step(self, p: int, events: int, facts: int, fault: str = "") -> bool:
        """Process a few records; a fault is ``lost`` (before the commit), ``behind`` (before the shelf was written)."""
        read = self._read[p]
        coming = self.events[p][read[0] : read[0] + events], self.facts[p][read[1] : read[1] + facts]
        step = self._units[p].process(*coming)
        if fault == "lost":
            self.restart(p)
            return True
        read[0] += len(coming[0])
        read[1] += len(coming[1])
        if step is None:
            return bool(coming[0] or coming[1])
        self.state[p] += step.state
        self.ledger[p] += step.ledger
        for to, pack in step.packs:
            self.facts[to].append(Record(len(self.facts[to]), 0, None, pack))
        self.outcomes += [value for _, value in step.outcomes]
        self.nudges += [value for _, value in step.nudges]
        self.dead += step.dead
        if fault == "behind":
            self.restart(p)
            return True
        ledger = [(LEDGER + key, value) for key, value in step.ledger]
        self._shelves[p].write([*step.state, *ledger], self._places(p))
        self._units[p].committed(step)
        return True

    def restart(self, p: int, *, empty: bool = False) -> None:
        """Begin again from what was committed, as a new owner of the partition would."""
        shelf = self._shelves[p]
        if empty:
            shelf.close()
            shelf = self._shelves[p] = Shelf(self._folder / f"{p}-{id(shelf)}", self._memory)
        state, ledger = shelf.place("state") or 0, shelf.place("ledger") or 0
        missed = [(LEDGER + key, value) for key, value in self.ledger[p][ledger:]]
        shelf.write([*self.state[p][state:], *missed], self._places(p))
        unit = self._units[p] = self._unit(p)
        self._read[p] = [unit.progress.events_low, unit.progress.facts_low]

    def finish(self, batch: int = 1000) -> None:
        """Process all that there is."""
        moving = True
        while moving:
            moved = [self.step(p, batch, batch) for p in self.partitions]
            moving = any(moved)

    def entries(self) -> Iterable[Entry]:
        """Return the ledger as those who read its topic see it: summed over the partitions."""
        totals: dict[Series, tuple[int, int]] = {}
        for p in self.partitions:
            last = {key: value for key, value in self.ledger[p] if not key.startswith((EXEMPLARS, REPORT))}
            for key, value in last.items():
                if value is not None:
                    hour, name, *labels = orjson.loads(key)
                    added, retracted = orjson.loads(value)
                    series = Series(hour, name, tuple(labels))
                    before = totals.get(series, (0, 0))
                    totals[series] = (before[0] + added, before[1] + retracted)
        return [Entry(series, *total) for series, total in totals.items()]

    def close(self) -> None:
        """Close the shelves."""
        for shelf in self._shelves:
            shelf.close()

    @property
    def units(self) -> Sequence[Unit]:
        """The units."""
        return self._units

    def _shelf(self, p: int) -> Shelf:
        return Shelf(self._folder / str(p), self._memory)

    def _unit(self, p: int) -> Unit:
        return Unit(p, len(self.partitions), self._policy, self._shelves[p], TOPICS)

    def _places(self, p: int) -> list[Place]:
        return [Place("state", len(self.state[p])), Place("ledger", len(self.ledger[p]))]
