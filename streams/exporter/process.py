"""The exporter of what every process tells of itself."""

from collections.abc import Iterator

from prometheus_client import Metric as Family
from prometheus_client.registry import Collector

from streams.catalogue import CATALOGUE
from streams.catalogue.process import START
from streams.domain.units import SECOND, Millis
from streams.exporter.families import gauge_family


class ProcessMetrics(Collector):
    """Exposes when the process was started."""

    def __init__(self, started_at: Millis) -> None:
        self._started_at = started_at

    def collect(self) -> Iterator[Family]:
        """Return its one family."""
        yield gauge_family(CATALOGUE[START], [((), self._started_at / SECOND)])
