"""What a worker counts as it works, since the process began."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from streams.catalogue import workers as w


@dataclass(slots=True)
class Stats:
    """Cumulative counts and seconds."""

    batches: int = 0
    committed: int = 0
    records: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=lambda: {"processing": 0.0, "writing": 0.0})
    failures: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def processing(self, events: int, facts: int) -> Iterator[None]:
        """Measure the processing of a batch."""
        with self._timed("processing"):
            yield
        self.batches += 1
        self.records["interactions"] += events
        self.records["facts"] += facts

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Measure a transaction."""
        with self._timed("writing"):
            yield
        self.committed += 1

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        started = monotonic()
        try:
            yield
        finally:
            self.seconds[phase] += monotonic() - started

    def readings(self) -> Iterable[tuple[str, tuple[str, ...], float]]:
        """Return the metrics that are counted."""
        yield w.BATCHES, (), self.batches
        yield w.TRANSACTIONS, ("committed",), self.committed
        yield w.TRANSACTIONS, ("failed",), self.failures.total()
        for name, counts in (
            (w.RECORDS, self.records),
            (w.BATCH_SECONDS, self.seconds),
            (w.FAILURES, self.failures),
            (w.REFUSED, self.refused),
            (w.LOST, self.lost),
        ):
            yield from [(name, (label,), value) for label, value in dict(counts).items()]
