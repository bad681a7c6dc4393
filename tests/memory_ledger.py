"""A ledger in memory, fed by the real additions: what an exporter under test reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from streams.domain.ledger import TOTALS, Additions, Entry, Exemplar, Labels


@dataclass
class MemoryLedger:
    """Exposes what was added to ``additions``, and the gauges it was given."""

    additions: Additions = field(default_factory=Additions)
    gauges: dict[str, float] = field(default_factory=dict)

    def totals(self) -> Iterable[Entry]:
        return [entry for entry in self.additions.entries() if entry.series.hour == TOTALS]

    def cohorts(self, since_hour: int) -> Iterable[Entry]:
        return [entry for entry in self.additions.entries() if entry.series.hour >= max(since_hour, TOTALS + 1)]

    def slots(self) -> Iterable[Entry]:
        return [entry for entry in self.additions.entries() if entry.series.hour < TOTALS]

    def exemplars(self) -> Mapping[tuple[str, Labels], Exemplar]:
        return self.additions.exemplars

    def health(self) -> Mapping[str, float]:
        return self.gauges
