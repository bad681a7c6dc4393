"""Order out of disorder: events come in the order of the log, and leave in the order in which they happened.

The watermark trails the latest time seen by the allowed lateness. Events before the watermark are *released*, sorted by
:func:`streams.domain.events.order`; the rest are held. An event that is older than the watermark when it comes is
*late*: it is released at once, out of order, and said to be late.

One record with a wrong time must not drag the clock along and make all others late: a leap ahead counts only when the
record that comes next has leapt as well. Until then the watermark stays, and the record is held.

What is released, in which order and with which
watermark depends on the order of the log alone, never on how the log is cut into batches.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.domain.events import Event, order
from streams.domain.units import Millis

BEGINNING: Millis = -(2**62)
"""The watermark before anything was seen."""


class Release(NamedTuple):
    """Events that may be processed now: those in order, all before the watermark, or a single late one."""

    events: list[Event]
    watermark: Millis
    late: bool = False


class Held(NamedTuple):
    """An event that waits for the watermark, with the place of its record in the log."""

    order: tuple[Millis, int, str]
    offset: int
    event: Event


@dataclass(slots=True)
class Sequencer:
    """Reorders one partition of the log. Its whole state is the watermark and the events that it holds."""

    lateness: Millis
    leap: Millis
    watermark: Millis = BEGINNING
    held: list[Held] = field(default_factory=list)
    """In the order in which they happened."""
    _by_order: dict[tuple[Millis, int, str], Held] = field(default_factory=dict)
    """The same in the order of the log."""
    _previous: Millis = BEGINNING

    def push(self, records: Iterable[tuple[int, Event]], duplicates: list[Event]) -> Iterator[Release]:
        """Take records (log offset, event) in the order of the log; release what has become due.

        A record whose event is held already is a duplicate: it goes to ``duplicates`` and nowhere else. Duplicates of
        events that were released before are late, and are recognised by who processes them; so are ids that are used
        again at another time: after a restart one can't tell here whether the first was still held when they came.
        """
        by_order, lateness = self._by_order, self.lateness
        fresh: list[Held] = []
        for offset, event in records:
            at = event.occurred_at
            if at < self.watermark:
                yield self._release(fresh)
                fresh = []
                yield Release([event], self.watermark, late=True)
            elif (place := order(event)) in by_order:
                duplicates.append(event)
            else:
                held = by_order[place] = Held(place, offset, event)
                fresh.append(held)
                moved_to = at - lateness
                if moved_to > self.watermark and at <= max(self.watermark + lateness, self._previous) + self.leap:
                    self.watermark = moved_to
            self._previous = at
        yield self._release(fresh)

    def advance(self, watermark: Millis) -> Release:
        """Release everything before ``watermark``, and let what comes later with an earlier time be late."""
        self.watermark = max(watermark, self.watermark)
        return self._release([])

    def hold(self, records: Iterable[tuple[int, Event]]) -> None:
        """Take back, after a restart, the records from :attr:`low_offset` on; those released before stay released."""
        for offset, event in records:
            self._previous = event.occurred_at
            place = order(event)
            if event.occurred_at >= self.watermark and place not in self._by_order:
                held = self._by_order[place] = Held(place, offset, event)
                insort(self.held, held)

    @property
    def low_offset(self) -> int | None:
        """Offset of the oldest record that is still held: where a restart must begin to read."""
        return next((held.offset for held in self._by_order.values()), None)

    @property
    def latest(self) -> Millis | None:
        """The latest time among the events that are held."""
        return self.held[-1].event.occurred_at if self.held else None

    def _release(self, fresh: list[Held]) -> Release:
        for held in fresh:  # few beside those that are held, where records are processed as they come
            insort(self.held, held)
        due = bisect_left(self.held, ((self.watermark,),))
        released = self.held[:due]
        del self.held[:due]
        by_order = self._by_order
        for held in released:
            del by_order[held.order]
        return Release([held.event for held in released], self.watermark)
