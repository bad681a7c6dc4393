"""What the exporter asks of a ledger."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from streams.domain.ledger import Entry, Exemplar, Labels


class LedgerReader(Protocol):
    """Reads what was counted. Each call sees one committed state; calls may come from any thread."""

    def totals(self) -> Iterable[Entry]:
        """Return the cumulative totals: the entries that belong to no hour."""

    def cohorts(self, since_hour: int) -> Iterable[Entry]:
        """Return the entries that belong to an hour, from ``since_hour`` on."""

    def slots(self) -> Iterable[Entry]:
        """Return the entries that belong to a slot."""

    def exemplars(self) -> Mapping[tuple[str, Labels], Exemplar]:
        """Return the contact that stands for each bucket, by histogram and labels with the bucket last."""

    def health(self) -> Mapping[str, float]:
        """Return the gauges of whoever keeps the ledger, by metric name."""
