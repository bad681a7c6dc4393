"""A recording rule or an alert, and what a team is told when it fires."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["critical", "warning", "info"]
"""``critical`` wakes somebody, ``warning`` is looked at the same day, ``info`` is looked at when there is time."""
Scope: TypeAlias = Literal["queue", "monitor"]
"""Whom it is about: a queue, or the monitor itself, by which nothing can be said of queues while it is ill."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What is computed beforehand: ``level:measure:operation``, and what it is."""

    record: str
    expr: str
    about: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """What somebody is told, and what for.

    ``means`` says for readers when it fires; ``summary`` and ``description`` are templates of Prometheus. An alert of
    the scope ``queue`` has the labels queue and team, so that it finds its way. Each has a runbook of its own name.
    ``wait`` is how long it must hold before it fires, ``keep`` how long it fires on.
    """

    name: str
    means: str
    expr: str
    severity: Severity
    scope: Scope
    summary: str
    description: str
    wait: str = ""
    keep: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
