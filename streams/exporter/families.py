"""From entries of the ledger to metric families: integers to units, counts by bucket to cumulative ones."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from prometheus_client import Metric as Family
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.samples import Exemplar as Sampled
from prometheus_client.utils import floatToGoString

from streams.catalogue import Metric
from streams.domain.ledger import Entry, Exemplar, Labels
from streams.exporter.rows import Rows

Exemplify: TypeAlias = Callable[[str, Labels, int], Sampled | None]
"""The exemplar, if any, of (histogram, labels with the bucket last), its value divided by a scale."""

Part: TypeAlias = Callable[[Entry], int]
"""One of the two cumulative totals of an entry."""


def added(entry: Entry) -> int:
    """Return what was added to a series."""
    return entry.added


def retracted(entry: Entry) -> int:
    """Return what of a series was retracted."""
    return entry.retracted


def counter_families(metric: Metric, rows: Rows) -> Iterator[Family]:
    """Make a counter, and of a retractable one the counter of what was retracted with the same series.

    The second starts at zero with the first, so that one can be subtracted from the other wherever it exists. A
    counter without labels is there from the beginning.
    """
    entries, scale = rows.of(metric.name), metric.scale
    zero = () if metric.labels else (((), 0),)
    for name, part in _parts(metric):
        family = CounterMetricFamily(name, _help(metric, part), labels=metric.labels, unit=_unit(metric, name))
        for labels, value in [(entry.series.labels, part(entry)) for entry in entries] or zero:
            family.add_metric(labels, _scaled(value, scale))
        yield family


def histogram_families(metric: Metric, rows: Rows, exemplify: Exemplify) -> Iterator[Family]:
    """Make a histogram, and of a retractable one the histogram of what was retracted.

    The second has only the series of which something was retracted: most never are, and each is many samples. Bounds
    that the ledger still holds from before they were changed are kept, in every series, so that no count is lost.
    """
    histogram = metric.buckets
    if histogram is None:
        return
    buckets, sums = rows.of(histogram.name), rows.of(histogram.sum_name)
    bounds = {*histogram.bucket_labels, *(entry.series.labels[-1] for entry in buckets)}
    in_order, scale = sorted(bounds, key=float), metric.scale
    for name, part in _parts(metric):
        family = HistogramMetricFamily(name, _help(metric, part), labels=metric.labels, unit=_unit(metric, name))
        total = {entry.series.labels: part(entry) for entry in sums if part is added or entry.retracted}
        counts: dict[Labels, dict[str, int]] = {labels: {} for labels in total}
        for entry in buckets:
            if part is added or entry.retracted:
                *labels, bucket = entry.series.labels
                counts.setdefault(tuple(labels), {})[bucket] = part(entry)
        for key, by_bucket in counts.items():
            cumulative = _cumulate(by_bucket, in_order)
            with_exemplars = [
                (le, n, exemplar)
                if part is added and (exemplar := exemplify(metric.name, (*key, bucket), scale))
                else (le, n)
                for bucket, le, n in cumulative
            ]
            family.add_metric(key, with_exemplars, _scaled(total.get(key, 0), scale))
        yield family


def gauge_family(metric: Metric, values: Iterable[tuple[Labels, float]]) -> Family:
    """Make a gauge from its values by labels."""
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels, unit=_unit(metric, metric.name))
    for labels, value in values:
        family.add_metric(labels, value)
    return family


def exemplars_by(exemplars: Mapping[tuple[str, Labels], Exemplar], hash_contact: Callable[[str], str]) -> Exemplify:
    """Return what finds the exemplar of a bucket, with the contact's id hashed."""

    def exemplify(name: str, labels: Labels, scale: int) -> Sampled | None:
        found = exemplars.get((name, labels))
        if found is None:
            return None
        contact_hash = {"contact_hash": hash_contact(found.contact_id)}
        return Sampled(contact_hash, _scaled(found.value, scale), found.occurred_at / 1000)

    return exemplify


def _parts(metric: Metric) -> Iterator[tuple[str, Part]]:
    yield metric.name, added
    if metric.retractable:
        yield metric.retracted_name, retracted


def _cumulate(by_bucket: Mapping[str, int], bounds: Iterable[str]) -> Iterator[tuple[str, str, int]]:
    """Return each bound as the ledger has it and as Prometheus writes it, with the count up to it."""
    count = 0
    for bound in bounds:
        count += by_bucket.get(bound, 0)
        yield bound, str(floatToGoString(bound)), count  # type: ignore[no-untyped-call]  # theirs has no types


def _help(metric: Metric, part: Part) -> str:
    return metric.help if part is added else f"What late facts retracted of {metric.name}. {metric.help}"


def _unit(metric: Metric, name: str) -> str:
    """Return the unit for OpenMetrics, which knows one only at the end of a name."""
    unit = metric.unit.name
    return unit if name.removesuffix("_total").endswith("_" + unit) else ""


def _scaled(value: int, scale: int) -> float:
    return value if scale == 1 else value / scale
