"""The ledger's totals, sorted by the metrics of the catalogue; what does not fit is counted, never lost silently."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isnan
from typing import NamedTuple

from streams.catalogue import Metric
from streams.domain.ledger import Entry, Labels


class Gauge(NamedTuple):
    """The value of one series of a gauge."""

    name: str
    labels: Labels
    value: float


@dataclass(slots=True)
class Rows:
    """The entries of each measure by its name in the ledger, and how many entries fit no metric, by why."""

    by_name: dict[str, list[Entry]] = field(default_factory=dict)
    misfits: Counter[str] = field(default_factory=Counter)

    def of(self, name: str) -> list[Entry]:
        """Return the entries of a measure."""
        return self.by_name.get(name, [])


def sort_rows(entries: Iterable[Entry], catalogue: Mapping[str, Metric]) -> Rows:
    """Sort entries by measure. A retraction that its metric does not allow is a misfit, but its addition is kept."""
    measures = _measures(catalogue.values())
    rows = Rows()
    for entry in entries:
        _, name, labels = entry.series
        found = measures.get(name)
        if found is None:
            rows.misfits["unknown_name"] += 1
            continue
        metric, bucketed = found
        if len(labels) != len(metric.labels) + bucketed or (bucketed and not _is_bound(labels[-1])):
            rows.misfits["wrong_labels"] += 1
            continue
        if entry.retracted and not metric.retractable:
            rows.misfits["unexpected_retraction"] += 1
        rows.by_name.setdefault(name, []).append(entry)
    return rows


def sound(entries: Iterable[Entry], misfits: Counter[str]) -> Iterator[Entry]:
    """Yield what estimates can rest on; where more was taken back than was counted, that is a misfit."""
    for entry in entries:
        if entry.net < 0:
            misfits["negative"] += 1
        else:
            yield entry


def _measures(metrics: Iterable[Metric]) -> dict[str, tuple[Metric, bool]]:
    """Return the metric of each name that the ledger uses, and whether its last label is a bucket."""
    found: dict[str, tuple[Metric, bool]] = {}
    for metric in metrics:
        if metric.buckets is not None:
            found[metric.buckets.name] = metric, True
            found[metric.buckets.sum_name] = metric, False
        elif metric.kind == "counter":
            found[metric.name] = metric, False
    return found


def _is_bound(label: str) -> bool:
    try:
        return not isnan(float(label))
    except ValueError:
        return False
