"""What an exporter would have told in the past: OpenMetrics with timestamps, for ``promtool`` to make blocks of.

Samples stand in the order of time, all series at one time after the other: so they can be written as history goes by,
and Prometheus takes them so. (The specification would have each series whole, for which all of it had to be held.)
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from prometheus_client import Metric as Family
from prometheus_client.utils import floatToGoString

from streams.domain.units import SECOND, Millis
from streams.exporter.recorded import Recorded

END: Final = "# EOF\n"


class Collects(Protocol):
    """What can say what it would tell now."""

    def collect(self) -> Iterator[Family]:
        """Return every family that has something to say."""


class History:
    """Writes down what is told at one time after the other, with the labels that Prometheus adds when it scrapes."""

    def __init__(self, exporter: Collects, labels: Mapping[str, str]) -> None:
        self._exporter = exporter
        self._labels = labels
        self._declared: set[str] = set()
        self._recorded = Recorded()
        self._names: dict[tuple[str, tuple[str, ...]], str] = {}
        self.samples = 0

    @property
    def series(self) -> int:
        """How many series there were."""
        return len(self._names)

    def at(self, time: Millis) -> Iterator[str]:
        """Yield the lines of what is told now, with a time."""
        told: defaultdict[str, list[tuple[Mapping[str, str], float]]] = defaultdict(list)
        stamp = f" {time // SECOND}\n" if time % SECOND == 0 else f" {time / SECOND:.3f}\n"
        for family in self._exporter.collect():
            if family.name not in self._declared:
                self._declared.add(family.name)
                yield f"# TYPE {family.name} {family.type}\n"
            for sample in family.samples:
                told[sample.name].append((sample.labels, sample.value))
                yield self._line(sample.name, sample.labels, sample.value, stamp)
        for series in self._recorded.at(time, told):
            yield self._line(series.record, series.labels, series.value, stamp)

    def _line(self, name: str, labels: Mapping[str, str], value: float, stamp: str) -> str:
        self.samples += 1
        return f"{self._name(name, labels)} {_number(value)}{stamp}"

    def _name(self, name: str, labels: Mapping[str, str]) -> str:
        key = (name, tuple(labels.values()))
        known = self._names.get(key)
        if known is None:
            # A rule leaves out the labels that tell replicas apart.
            every = labels if ":" in name else {**self._labels, **labels}
            pairs = ",".join(f'{label}="{_escaped(value)}"' for label, value in every.items())
            known = self._names[key] = f"{name}{{{pairs}}}" if pairs else name
        return known


def _number(value: float) -> str:
    if float(value).is_integer():  # most are counts, and a file of years has many of them
        return str(int(value))
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]  # theirs has no types


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
