"""What rules and dashboards have to know beside what was counted: objectives, whose a queue is, who owns a reason."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from streams.catalogue import spikes as catalogue
from streams.domain import measures as m
from streams.domain.policy import UNKNOWN, Reason
from streams.domain.spikes import Detection
from streams.exporter.rows import Gauge, Rows


@dataclass(frozen=True, slots=True)
class Objective:
    """What a queue aims at: the share answered in time, at least, and the share that may fail, at most."""

    service_level: float = 0.8
    failure: float = 0.15


@dataclass(frozen=True, slots=True)
class Context:
    """What a contact centre wants, in so far as it changes no total. ``window`` is that of the failure objective."""

    detection: Detection = field(default_factory=Detection)
    objective: Objective = Objective()
    of_queue: Mapping[str, Objective] = field(default_factory=dict)
    window: str = "7d"
    reasons: Mapping[str, Reason] = field(default_factory=dict)


def context_gauges(rows: Rows, context: Context) -> Iterator[Gauge]:
    """Say it of every queue that any contact came to or came from, and of every reason that is declared."""
    teams: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name in (m.OFFERED, m.ENDED, m.ORIGIN):
        for entry in rows.of(name):
            queue, team, *_ = entry.series.labels
            teams[queue][team] += entry.net
    for queue, contacts in teams.items():
        objective = context.of_queue.get(queue, context.objective)
        yield Gauge(catalogue.QUEUE_TEAM, (queue, min(contacts, key=lambda team: (-contacts[team], team))), 1)
        yield Gauge(catalogue.SERVICE_LEVEL_OBJECTIVE, (queue,), objective.service_level)
        yield Gauge(catalogue.FAILURE_OBJECTIVE, (queue, context.window), objective.failure)
    for name, reason in context.reasons.items():
        yield Gauge(catalogue.REASON_OWNER, (name, reason.owner or UNKNOWN, reason.cost_category or UNKNOWN), 1)
