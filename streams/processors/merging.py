"""One order out of several: facts come from every partition of the log, and each of those has a clock of its own.

A fact *takes effect* at its time, or, where its event came late, at the watermark at which it came. What one partition
of the log tells comes in the order in which it takes effect. So once every partition has told up to a moment, what
takes effect before that moment is complete, and can be put in one order that depends on the log alone: neither on how
the partitions were interleaved nor on when anything was restarted.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from streams.domain.units import Millis
from streams.domain.watermark import BEGINNING
from streams.processors.facts import Fact


class Told(NamedTuple):
    """A fact and its place in the order: its fields are compared one after the other.

    ``in_order`` is false for what came late: it is known before anything else happens at that watermark. ``rank`` and
    ``event_id`` are those of the event that told the fact. ``source`` is the partition of the log that the event was
    in, ``offset`` that of the record that brought the fact, ``place`` where in that record it stood.
    """

    at: Millis
    in_order: bool
    rank: int
    event_id: str
    source: int
    offset: int
    place: int
    fact: Fact


class Run(NamedTuple):
    """Facts that can be processed together: those in order up to a watermark, or one that came late."""

    facts: list[Fact]
    watermark: Millis
    late: bool


@dataclass(slots=True)
class Merger:
    """Holds facts until every source has told up to the moment at which they take effect.

    Attributes:
        watermarks: of each source: nothing that takes effect before will come from it any more.
        settled: the time before which everything has been released.
        held: facts that wait, in order after :meth:`release`.
    """

    watermarks: list[Millis]
    settled: Millis = BEGINNING
    held: list[Told] = field(default_factory=list)

    @property
    def watermark(self) -> Millis:
        """The time before which everything is known."""
        return min(self.watermarks)

    @property
    def low_offset(self) -> int | None:
        """The offset of the oldest record of which something is held: where a restart must begin to read."""
        return min((told.offset for told in self.held), default=None)

    def tell(self, source: int, watermark: Millis, told: Iterable[Told]) -> None:
        """Take what a source has told, up to a watermark."""
        self.held.extend(told)
        self.watermarks[source] = max(self.watermarks[source], watermark)

    def hold(self, told: Iterable[Told]) -> None:
        """Take back, after a restart, what was held before; what had been released stays so."""
        self.held.extend(one for one in told if one.at >= self.settled)

    def release(self, until: Millis) -> list[Run]:
        """Return what takes effect before a time, at most the watermark, in order, cut where something came late."""
        self.settled = until
        self.held.sort()
        due = bisect_left(self.held, (until,))
        released, self.held = self.held[:due], self.held[due:]
        runs: list[Run] = []
        for in_order, together in groupby(released, key=_in_order):
            group = list(together)
            if in_order:
                runs.append(Run([told.fact for told in group], group[-1].at, late=False))
            else:
                runs.extend(Run([told.fact], told.at, late=True) for told in group)
        runs.append(Run([], until, late=False))
        return runs


def _in_order(told: Told) -> bool:
    return told.in_order
