"""Gauges that follow from the ledger's totals."""

from collections import Counter
from collections.abc import Iterator, Sequence

from streams.catalogue import CATALOGUE
from streams.catalogue.legacy import HEADCOUNT
from streams.catalogue.outcome import PENDING
from streams.domain import measures as m
from streams.domain.ledger import Labels
from streams.domain.policy import Window
from streams.exporter.rows import Gauge, Rows

_FAILED = ("recurred", "exited")


def total_gauges(rows: Rows, windows: Sequence[Window]) -> Iterator[Gauge]:
    """Compute the gauges that are differences of totals."""
    yield from _headcount(rows)
    for window in windows:
        yield from _pending(rows, window.name)


def _headcount(rows: Rows) -> Iterator[Gauge]:
    staff: Counter[Labels] = Counter()
    for name, sign in ((m.STAFF_JOINED, 1), (m.STAFF_LEFT, -1)):
        for entry in rows.of(name):
            staff[entry.series.labels] += sign * entry.net
    yield from (Gauge(HEADCOUNT, labels, n) for labels, n in staff.items())


def _pending(rows: Rows, window: str) -> Iterator[Gauge]:
    """Subtract from what ended what failed, counted when it did, and what did not, counted when it matured."""
    kept = [label for label in CATALOGUE[PENDING].labels if label != "window"]
    pending: Counter[Labels] = Counter()
    for name, sign in ((m.ENDED, 1), (m.RECURRED, -1), (m.EXITED, -1), (m.MATURED, -1)):
        for entry in rows.of(name):
            labels = dict(zip(CATALOGUE[name].labels, entry.series.labels, strict=True))
            if labels.get("window", window) == window and labels.get("verdict") not in _FAILED:
                pending[tuple(labels[label] for label in kept)] += sign * entry.net
    yield from (Gauge(PENDING, (*labels, window), n) for labels, n in pending.items())
