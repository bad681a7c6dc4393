"""What a worker tells about itself: counted as it works, read by its metrics."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic


@dataclass(slots=True)
class Stats:
    """Cumulative counts and seconds since the process began."""

    steps: int = 0
    events: int = 0
    facts: int = 0
    process_seconds: float = 0.0
    write_seconds: float = 0.0
    rebalances: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    writing_since: dict[int, float] = field(default_factory=dict)

    @contextmanager
    def processing(self, events: int, facts: int) -> Iterator[None]:
        """Measure the processing of a batch."""
        started = monotonic()
        yield
        self.process_seconds += monotonic() - started
        self.steps += 1
        self.events += events
        self.facts += facts

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Measure a transaction."""
        started = monotonic()
        yield
        self.write_seconds += monotonic() - started
