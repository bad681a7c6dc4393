"""What every engine offers, whatever it keeps its log and its state in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from streams.domain.ledger import Entry, Exemplar, Labels
from streams.domain.units import Millis


class StorageError(Exception):
    """The engine could not read or write what it keeps: says what, where, and what to do."""


class DeadLetter(NamedTuple):
    """A record that could not be used, as it came, with the reason.

    ``id`` is what its engine knows it by, ``offset`` its place in the log. ``redriven`` says that it was put in the log
    again; ``cut_from`` how many bytes it had, if only its beginning is kept.
    """

    id: str
    offset: int
    received_at: Millis
    reason: str
    detail: str
    record: bytes
    redriven: bool
    cut_from: int | None = None


class DeadLetters(Protocol):
    """The dead letters of an engine, which may be running."""

    def read(self, *, reason: str | None = None, everything: bool = False) -> Iterator[DeadLetter]:
        """Return dead letters, oldest first: those of one reason or of all, without those that were redriven.

        Raises:
            StorageError: they can't be read.
        """

    def redrive(self, letters: Sequence[tuple[str, bytes]], received_at: Millis) -> None:
        """Put records in the log again, and note it.

        Args:
            letters: their ids, each with the record to put in the log: as it came, or corrected.
            received_at: when that is, to judge the times that the records tell.

        Raises:
            StorageError: not all could be put there; doing it again is safe.
        """


class Ledger(Protocol):
    """Reads what was counted. Each call sees one committed state of the ledger."""

    def totals(self) -> Iterable[Entry]:
        """Return the cumulative totals."""

    def cohorts(self, since_hour: int) -> Iterable[Entry]:
        """Return the entries that belong to an hour, from ``since_hour`` on."""

    def slots(self) -> Iterable[Entry]:
        """Return the entries that belong to a slot."""

    def exemplars(self) -> Mapping[tuple[str, Labels], Exemplar]:
        """Return the contact that stands for each bucket of a histogram."""

    def health(self) -> Mapping[str, float]:
        """Return the engine's own gauges by metric name."""


class Engine(Protocol):
    """A log, the processors, and their state."""

    def append(self, records: Sequence[bytes], received_at: Millis) -> int:
        """Put records in the log; durable on return. Return the offset after the last one.

        Raises:
            StorageError: if the log can't be written; none of the records is in it then.
        """

    def step(self, limit: int) -> int:
        """Process up to ``limit`` records of the log in one atomic step; return how many there were."""

    def advance(self, to: Millis) -> None:
        """Let time pass without events: everything before ``to`` is final, and what matures by then does."""

    @property
    def ledger(self) -> Ledger:
        """What was counted so far."""

    def outcomes(self, since: int = 0) -> Iterator[tuple[int, bytes]]:
        """Return the records of the outcomes topic with their offsets, from ``since`` on."""

    def nudges(self, since: int = 0) -> Iterator[tuple[int, bytes]]:
        """Return the records of the nudges topic with their offsets, from ``since`` on."""

    def close(self) -> None:
        """Let go of everything; nothing is lost, since whatever is not committed was not done."""
