"""The ledger: cumulative integer totals by series, and the additions that a batch makes to it.

Counts are integers and durations are whole milliseconds, so a total does not depend on the order of its additions.
Nothing is ever subtracted: when late facts change what was already counted, the old entry is *retracted*, which is a
second cumulative total beside the first. ``added`` alone is therefore monotone, as a counter must be, and
``added - retracted`` is what an analyst wants.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from streams.domain.units import DAY, HOUR, MINUTE, SECOND, Millis

Labels: TypeAlias = tuple[str, ...]
CountEntry: TypeAlias = tuple[int, str, Labels, int]
"""Hour, measure, labels, how many."""

TOTALS = 0
"""The hour of entries that belong to no hour: the cumulative totals."""
COHORTS_KEPT = 62 * DAY
"""How long entries of an hour are kept: the longest window, the longest period of an estimate, and some more."""
SLOT: Millis = 5 * MINUTE
"""What is to be seen as it happens is counted by slots, besides by hours: short enough to lose no time by them."""
SLOTS_KEPT = 3 * DAY
"""How long entries of a slot are kept: as long as a spike is followed, and some more."""


class Series(NamedTuple):
    """Where an integer is added up: a measure's name, its label values, and for cohorts the hour they belong to.

    ``hour`` counts from the epoch; one below zero stands for a slot: see :func:`slot_of`.
    """

    hour: int
    name: str
    labels: Labels


class Entry(NamedTuple):
    """One row of a ledger: what was added to a series so far, and what of it was retracted by later facts."""

    series: Series
    added: int
    retracted: int

    @property
    def net(self) -> int:
        """What holds: added and not retracted."""
        return self.added - self.retracted


class Exemplar(NamedTuple):
    """A contact that stands for a histogram's bucket, so that a reader can go from a number to a case."""

    contact_id: str
    value: Millis
    occurred_at: Millis


@dataclass(frozen=True, slots=True)
class Histogram:
    """A measure of a quantity, kept as one series for each bucket and one for the sum.

    The bucket is the last label of its series: the upper bound in the exported unit, ``+Inf`` for the last. Counts are
    by bucket, not cumulative. ``scale`` is how many of the ledger's units make one exported unit. ``sum_name`` is the
    name of the series that adds up the observed values.
    """

    name: str
    bounds: tuple[int, ...]
    scale: int = SECOND
    bucket_labels: tuple[str, ...] = field(init=False)
    sum_name: str = field(init=False)

    def __post_init__(self) -> None:
        bounds = (f"{bound / self.scale:g}" for bound in self.bounds)
        object.__setattr__(self, "bucket_labels", (*bounds, "+Inf"))
        object.__setattr__(self, "sum_name", self.name + "_sum")

    def bucket(self, value: int) -> str:
        """Return the bucket label of a value; a value on a bound belongs below it, as Prometheus has it."""
        return self.bucket_labels[bisect_left(self.bounds, value)]


@dataclass(slots=True)
class Additions:
    """What a batch adds to the ledger. Mutable while the batch is processed, then applied whole or not at all."""

    added: dict[Series | tuple[int, str, Labels], int] = field(default_factory=dict)
    retracted: dict[Series | tuple[int, str, Labels], int] = field(default_factory=dict)
    exemplars: dict[tuple[str, Labels], Exemplar] = field(default_factory=dict)

    def count(self, name: str, labels: Labels, n: int = 1, hour: int = TOTALS) -> None:
        """Add ``n`` to a series; a negative ``n`` retracts."""
        # A plain tuple equals and hashes like the Series it stands for, and costs a third to make.
        key = (hour, name, labels)
        if n > 0:
            self.added[key] = self.added.get(key, 0) + n
        elif n < 0:
            self.retracted[key] = self.retracted.get(key, 0) - n

    def count_all(self, entries: Iterable[CountEntry]) -> None:
        """Count entries: as :meth:`count` does one by one, in half the time."""
        added, retracted = self.added, self.retracted
        for hour, name, labels, n in entries:
            key = (hour, name, labels)
            if n > 0:
                added[key] = added.get(key, 0) + n
            elif n < 0:
                retracted[key] = retracted.get(key, 0) - n

    def observe(self, histogram: Histogram, labels: Labels, value: int, n: int = 1) -> None:
        """Add ``n`` observations of ``value`` to a histogram; a negative ``n`` retracts them."""
        self.count(histogram.name, (*labels, histogram.bucket(value)), n)
        self.count(histogram.sum_name, labels, n * value)

    def exemplify(self, histogram: Histogram, labels: Labels, exemplar: Exemplar) -> None:
        """Let a contact stand for the bucket that its value falls in; the last one in time stays."""
        self.exemplars[histogram.name, (*labels, histogram.bucket(exemplar.value))] = exemplar

    def net(self, series: Series) -> int:
        """Return what a series was changed by altogether."""
        return self.added.get(series, 0) - self.retracted.get(series, 0)

    def entries(self) -> Iterable[Entry]:
        """Return what was added and retracted, a row for each series."""
        added, retracted = self.added, self.retracted
        for key, n in added.items():
            yield Entry(Series(*key), n, retracted.get(key, 0))
        for key, n in retracted.items():
            if key not in added:
                yield Entry(Series(*key), 0, n)


def hour_of(at: Millis) -> int:
    """Return the hour, counted from the epoch, that a point in time lies in."""
    return at // HOUR


def slot_of(at: Millis) -> int:
    """Return the slot that a point in time lies in, in the place of an hour: counted from the epoch, and negative."""
    return -(at // SLOT)
