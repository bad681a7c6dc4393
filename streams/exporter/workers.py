"""The exporter of a worker: what the process tells about itself."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias

from prometheus_client import Metric as Family
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from streams.catalogue import CATALOGUE
from streams.domain.ledger import Labels
from streams.exporter.families import gauge_family

Reading: TypeAlias = tuple[str, Labels, float]
"""A metric of the tier ``worker``, the values of its labels, and its own, in the exported unit."""


class WorkerReader(Protocol):
    """Whoever can say how a worker does; from any thread."""

    def readings(self) -> Iterable[Reading]:
        """Return what its metrics are now."""


class WorkerMetrics(Collector):
    """Exposes the metrics of the tier ``worker``."""

    def __init__(self, worker: WorkerReader) -> None:
        self._worker = worker

    def collect(self) -> Iterator[Family]:
        """Ask the worker once, and return every family that has something to say."""
        values: defaultdict[str, list[tuple[Labels, float]]] = defaultdict(list)
        for name, labels, value in self._worker.readings():
            values[name].append((labels, value))
        for name, found in values.items():
            metric = CATALOGUE[name]
            if metric.kind == "gauge":
                yield gauge_family(metric, found)
                continue
            family = CounterMetricFamily(metric.base, metric.help, labels=metric.labels)
            for labels, value in found:
                family.add_metric(labels, value)
            yield family
