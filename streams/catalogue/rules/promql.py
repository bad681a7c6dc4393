"""Expressions of PromQL, made of the metrics of the catalogue."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from streams.catalogue import CATALOGUE

REACH: Final = "1h"
"""How much longer than it says a span may be where samples are missing at its beginning."""


def latest(name: str, select: Mapping[str, str] | None = None, part: str = "", without: Iterable[str] = ()) -> str:
    """Return each series of a metric once, however many replicas export it.

    ``part`` is ``_sum`` or ``_count`` of a histogram; ``without`` labels that have one value at any time.
    """
    metric = CATALOGUE.get(name)
    if metric is None:
        msg = f"{name} is not in the catalogue"
        raise KeyError(msg)
    labels = [label for label in metric.labels if label not in without]
    return f"max by ({', '.join(labels)}) ({name}{part}{selector(select or {})})"


def net(name: str, select: Mapping[str, str] | None = None, part: str = "") -> str:
    """Return what holds of a metric: what was counted less what late facts retracted."""
    metric = CATALOGUE[name]
    counted = latest(name, select, part)
    if not metric.retractable:
        return counted
    retracted = counted.replace(f"({name}{part}", f"({metric.retracted_name}{part}")
    # Of a histogram only those series are exported of which something was retracted.
    return f"{counted} - {retracted}" if metric.kind == "counter" else f"{counted} - ({retracted} or 0 * {counted})"


def before(record: str, span: str) -> str:
    """Return what a recorded series was a span ago: its last value then, at most :data:`REACH` old.

    So a span is told although nothing was recorded at its very beginning: a scrape had failed, or it lies in history
    that was backfilled with a sample an hour.
    """
    return f"last_over_time({record}[{REACH}] offset {span})"


def rise(record: str, span: str) -> str:
    """Return by how much a running total has risen in a span."""
    return f"({record} - {before(record, span)})"


def selector(select: Mapping[str, str]) -> str:
    """Return what selects series by labels; a value with ``|`` in it is one of several."""
    matches = (f'{label}{"=~" if "|" in value else "="}"{value}"' for label, value in select.items())
    return f"{{{', '.join(matches)}}}" if select else ""


def substitute(formula: str, terms: Mapping[str, str]) -> str:
    """Return a formula with each of its names replaced by its expression."""
    return re.sub(r"[a-z][a-z_]*", lambda found: terms[found[0]], formula)


def signed_names(formula: str) -> list[tuple[int, str]]:
    """Return the names that a formula adds up, each with its sign."""
    found = re.findall(r"(?:^|([+-]) )([a-z][a-z_]*)", formula)
    return [(-1 if sign == "-" else 1, name) for sign, name in found]


def names_in(formula: str) -> set[str]:
    """Return the names that a formula is made of."""
    return set(re.findall(r"[a-z][a-z_]*", formula))
