"""What is measured, as data: every metric is declared here once, and nothing else is exported."""

from collections.abc import Mapping
from types import MappingProxyType

from streams.catalogue import estimates, legacy, monitor, nudges, outcome, process, spikes, workers
from streams.catalogue.checks import CatalogueError, check
from streams.catalogue.labels import LABELS
from streams.catalogue.metric import Metric, NoTwin, Tier

CATALOGUE: Mapping[str, Metric] = MappingProxyType(
    dict(
        check(
            (
                *legacy.METRICS,
                *outcome.METRICS,
                *estimates.METRICS,
                *nudges.METRICS,
                *spikes.METRICS,
                *monitor.METRICS,
                *process.METRICS,
                *workers.METRICS,
            )
        )
    )
)
"""Every metric by name."""

__all__ = ["CATALOGUE", "LABELS", "CatalogueError", "Metric", "NoTwin", "Tier", "check"]
