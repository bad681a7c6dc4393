"""The exporter: each scrape reads the ledger and says what it holds, in the terms of the catalogue."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

from prometheus_client import CollectorRegistry
from prometheus_client import Metric as Family
from prometheus_client.registry import Collector

from streams.catalogue import CATALOGUE
from streams.catalogue.monitor import BUILD_INFO, UNEXPORTED, WATERMARK
from streams.domain.ledger import COHORTS_KEPT, Labels, hour_of
from streams.domain.policy import Window
from streams.domain.spikes import first_season
from streams.domain.units import SECOND
from streams.exporter.context import Context, context_gauges
from streams.exporter.estimates import check_windows, estimate_gauges, first_hour
from streams.exporter.exposition import expose
from streams.exporter.families import counter_families, exemplars_by, gauge_family, histogram_families
from streams.exporter.gauges import total_gauges
from streams.exporter.nudged import nudged_gauges
from streams.exporter.reader import LedgerReader
from streams.exporter.rows import Gauge, Rows, sort_rows, sound
from streams.exporter.spikes import spike_gauges

_HASH_BYTES = 8


class Exporter(Collector):
    """Exposes a ledger. It holds nothing but where to read, so it can be restarted or doubled at any time.

    ``salt`` keys the hash that stands for a contact in exemplars: whoever has it can find a contact's hash, nobody
    can find the contact without it.

    Raises:
        ValueError: if the salt is empty or longer than 64 bytes, or a window cannot be estimated.
    """

    def __init__(
        self, ledger: LedgerReader, windows: Sequence[Window], salt: bytes, version: str, context: Context | None = None
    ) -> None:
        if not 0 < len(salt) <= blake2b.MAX_KEY_SIZE:
            msg = f"the salt of exemplars has {len(salt)} bytes; give it 16 random ones, {blake2b.MAX_KEY_SIZE} at most"
            raise ValueError(msg)
        check_windows(windows)
        self._ledger = ledger
        self._windows = windows
        self._salt = salt
        self._version = version
        self._context = context or Context()
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def exposition(self, accept: str | None = None) -> tuple[bytes, str]:
        """Return the exposition and its content type: OpenMetrics, with exemplars, if ``accept`` has it; else text."""
        return expose(self.registry, accept)

    def collect(self) -> Iterator[Family]:
        """Read the ledger once and return every family that has something to say."""
        rows = sort_rows(self._ledger.totals(), CATALOGUE)
        exemplify = exemplars_by(self._ledger.exemplars(), self.hash_contact)
        gauges: defaultdict[str, list[tuple[Labels, float]]] = defaultdict(list)
        for name, labels, value in self._gauges(rows):
            gauges[name].append((labels, value))
        for metric in CATALOGUE.values():
            if metric.tier == "worker":
                continue
            if metric.kind == "counter":
                families: Iterable[Family] = counter_families(metric, rows)
            elif metric.kind == "histogram":
                families = histogram_families(metric, rows, exemplify)
            else:
                families = [gauge_family(metric, gauges[metric.name])]
            yield from (family for family in families if family.samples)

    def hash_contact(self, contact_id: str) -> str:
        """Return what stands for a contact in exemplars: 16 hexadecimal digits."""
        return blake2b(contact_id.encode(), digest_size=_HASH_BYTES, key=self._salt).hexdigest()

    def _gauges(self, rows: Rows) -> Iterator[Gauge]:
        health = self._ledger.health()
        yield from total_gauges(rows, self._windows)
        yield from context_gauges(rows, self._context)
        watermark = health.get(WATERMARK)
        if watermark is not None:
            as_of = round(watermark * SECOND)
            wanted = min(first_hour(self._windows, as_of), first_season(as_of))
            since = max(wanted, hour_of(as_of - COHORTS_KEPT))  # what is older may have been let go of in part
            hours = list(sound(self._ledger.cohorts(since), rows.misfits))
            yield from estimate_gauges(hours, self._windows, as_of)
            yield from nudged_gauges(hours, self._windows, as_of)
            yield from spike_gauges([*hours, *self._ledger.slots()], as_of, self._context.detection)
        for name, value in health.items():
            metric = CATALOGUE.get(name)
            if metric is None or metric.kind != "gauge" or metric.labels:
                rows.misfits["unknown_name"] += 1
            else:
                yield Gauge(name, (), value)
        for why in ("unknown_name", "wrong_labels", "unexpected_retraction", "negative"):
            yield Gauge(UNEXPORTED, (why,), rows.misfits[why])
        yield Gauge(BUILD_INFO, (self._version,), 1)
