"""What must hold of every catalogue: what its entries promise to Prometheus and to readers."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from streams.catalogue.labels import LABELS
from streams.catalogue.metric import Metric, NoTwin

_NAME = re.compile(r"(legacy|outcome|monitor)(_[a-z][a-z0-9]*)+")
_NOT_BASE = re.compile(r"_(ms|milliseconds|micros|minutes|hours|days|percent|percentage)(_|$)")
_RESERVED = ("_total", "_sum", "_count", "_bucket", "_created")
_SIDES = {
    "output": "legacy",
    "business outcome": "outcome",
    "customer outcome": "outcome",
    "monitor": "monitor",
    "worker": "monitor",
}


class CatalogueError(ValueError):
    """The catalogue contradicts itself or the conventions; the message has a line for each fault."""


def check(metrics: Iterable[Metric]) -> Mapping[str, Metric]:
    """Return the metrics by name.

    Raises:
        CatalogueError: if any is at fault; it names them all.
    """
    metrics = tuple(metrics)
    by_name = {metric.name: metric for metric in metrics}
    faults = [fault for metric in metrics for fault in _faults(metric, by_name)]
    families = Counter(name for metric in metrics for name in metric.exposed_names)
    faults += [f"{name}: declared {n} times" for name, n in families.items() if n > 1]
    if faults:
        raise CatalogueError("\n".join(faults))
    return by_name


def _faults(metric: Metric, by_name: Mapping[str, Metric]) -> Iterator[str]:
    name = metric.name
    yield from _name_faults(metric)
    if (metric.kind == "histogram") != (metric.buckets is not None):
        yield f"{name}: a histogram, and nothing else, has buckets"
    if metric.retractable and metric.kind == "gauge":
        yield f"{name}: a gauge is restated in place and is not retractable"
    yield from (f"{name}: unknown label {label!r}; known are {', '.join(LABELS)}" for label in _unknown(metric))
    if len(set(metric.labels)) != len(metric.labels):
        yield f"{name}: has a label twice"
    if not metric.help.endswith("."):
        yield f"{name}: the help text must be a sentence that ends in a full stop"
    if not metric.question.endswith("?"):
        yield f"{name}: the question must end in a question mark"
    yield from _twin_faults(metric, by_name)


def _name_faults(metric: Metric) -> Iterator[str]:
    name, side = metric.name, _SIDES[metric.tier]
    if not _NAME.fullmatch(name):
        yield f"{name}: must be snake case and begin with legacy_, outcome_ or monitor_"
    if _NOT_BASE.search(name):
        yield f"{name}: must use a base unit (seconds, ratio)"
    if not name.startswith(side + "_"):
        yield f"{name}: tier {metric.tier!r} asks for a name that begins with {side}_"
    if metric.kind == "counter" and not name.endswith("_total"):
        yield f"{name}: a counter ends in _total"
    if metric.kind != "counter" and name.endswith(_RESERVED):
        yield f"{name}: a {metric.kind} must not end in any of {', '.join(_RESERVED)}"


def _unknown(metric: Metric) -> list[str]:
    return [label for label in metric.labels if label not in LABELS]


def _twin_faults(metric: Metric, by_name: Mapping[str, Metric]) -> Iterator[str]:
    if isinstance(metric.twin, NoTwin):
        if not metric.twin.reason:
            yield f"{metric.name}: say why it has no twin"
        return
    twin = by_name.get(metric.twin)
    if twin is None:
        yield f"{metric.name}: its twin {metric.twin} is not in the catalogue"
    elif {_SIDES[metric.tier], _SIDES[twin.tier]} != {"legacy", "outcome"}:
        yield f"{metric.name}: its twin {metric.twin} must be on the other side, output or outcome"
