"""Running totals at each level: what holds of a counter, added up by queue, by team and over the whole centre.

The ledger's counters never fall and never begin again, so that totals can be added up first and then compared with what
they were an hour, a day or a week ago: exactly, where ``increase()`` would guess between samples and miss the first
count of every new series.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.catalogue import CATALOGUE
from streams.catalogue.rules.promql import net
from streams.catalogue.rules.rule import Recording
from streams.domain import measures as m
from streams.domain.ledger import Histogram


class Level(NamedTuple):
    """A way to divide the contact centre."""

    name: str
    labels: tuple[str, ...]


LEVELS = (Level("queue", ("queue",)), Level("team", ("team",)), Level("centre", ()))


@dataclass(frozen=True, slots=True)
class Total:
    """What is added up: a metric, or a part of it, kept apart by some labels beside those of the level.

    Where nothing of it was counted yet it is 0 for whatever ``fill`` has, so that it can be divided by.
    """

    metric: str
    select: Mapping[str, str] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    fill: str = ""
    part: str = ""

    def levels(self) -> Iterator[Level]:
        """Yield the levels that the metric's labels tell apart."""
        labels = CATALOGUE[self.metric].labels
        return (level for level in LEVELS if set(level.labels) <= set(labels))


def _sum(histogram: Histogram, fill: str = "", by: tuple[str, ...] = (), **select: str) -> Total:
    return Total(histogram.name, select, by, fill, "_sum")


def _count(histogram: Histogram, fill: str = "", by: tuple[str, ...] = (), **select: str) -> Total:
    return Total(histogram.name, select, by, fill, "_count")


_HANDLED = {"handled": "true"}
_FAILED = "recurred|exited"
_OF_WINDOW = ("window",)
_OF_CLAIM = ("window", "claim")

TOTALS: Mapping[str, Total] = {
    "legacy_offered": Total(m.OFFERED),
    "legacy_answered": Total(m.ANSWERED, fill="legacy_offered"),
    "legacy_answered_in_threshold": Total(m.ANSWERED_IN_THRESHOLD, fill="legacy_offered"),
    "legacy_abandoned": Total(m.ABANDONED, fill="legacy_offered"),
    "legacy_short_abandoned": Total(m.SHORT_ABANDONED, fill="legacy_offered"),
    "legacy_abandoned_in_threshold": Total(m.ABANDONED_IN_THRESHOLD, fill="legacy_offered"),
    "legacy_handled": Total(m.HANDLED, fill="legacy_offered"),
    "legacy_claimed_resolved": Total(m.CLAIMED_RESOLVED, fill="legacy_offered"),
    "legacy_transferred": Total(m.TRANSFERRED, fill="legacy_offered"),
    "legacy_transfers": Total(m.TRANSFERS, fill="legacy_offered"),
    "legacy_outbound": Total(m.OUTBOUND, fill="legacy_offered"),
    "legacy_sla_met": Total(m.SLA_MET, fill="legacy_offered"),
    "legacy_sla_missed": Total(m.SLA_MISSED, fill="legacy_offered"),
    "legacy_handle_seconds": _sum(m.HANDLE_TIME, "legacy_offered"),
    "legacy_handle_count": _count(m.HANDLE_TIME, "legacy_offered"),
    "legacy_talk_seconds": Total(m.TALK_TIME, fill="legacy_offered"),
    "legacy_hold_seconds": Total(m.HOLD_TIME, fill="legacy_offered"),
    "legacy_wrap_seconds": Total(m.WRAP_TIME, fill="legacy_offered"),
    "legacy_answer_seconds": _sum(m.QUEUE_TIME, "legacy_offered", left_by="answered"),
    "legacy_queue_seconds": _sum(m.QUEUE_TIME, "legacy_offered", left_by="answered|abandoned"),
    "legacy_queue_count": _count(m.QUEUE_TIME, "legacy_offered", left_by="answered|abandoned"),
    "legacy_first_response_seconds": _sum(m.FIRST_RESPONSE, "legacy_offered"),
    "legacy_first_response_count": _count(m.FIRST_RESPONSE, "legacy_offered"),
    "legacy_surveys": Total(m.SURVEYS, fill="legacy_offered"),
    "legacy_csat": Total(m.CSAT, fill="legacy_offered"),
    "legacy_csat_satisfied": Total(m.CSAT, {"score": "4|5"}, fill="legacy_offered"),
    "legacy_nps": Total(m.NPS, fill="legacy_offered"),
    "legacy_nps_promoters": Total(m.NPS, {"score": "9|10"}, fill="legacy_offered"),
    "legacy_nps_detractors": Total(m.NPS, {"score": "0|1|2|3|4|5|6"}, fill="legacy_offered"),
    "legacy_staffed_seconds": Total(m.AGENT_TIME, {"state": "handling|available"}),
    "legacy_handling_seconds": Total(m.AGENT_TIME, {"state": "handling"}, fill="legacy_staffed_seconds"),
    "legacy_staff_joined": Total(m.STAFF_JOINED),
    "legacy_staff_left": Total(m.STAFF_LEFT, fill="legacy_staff_joined"),
    "outcome_demand": Total(m.DEMAND),
    "outcome_value_demand": Total(m.DEMAND, {"demand": "value"}, fill="outcome_demand"),
    "outcome_failure_demand": Total(m.DEMAND, {"demand": "failure"}, fill="outcome_demand"),
    "outcome_unclassified_demand": Total(m.DEMAND, {"demand": "unclassified"}, fill="outcome_demand"),
    "outcome_failure_demand_caused": Total(m.ORIGIN, fill="outcome_demand"),
    "outcome_failure_demand_by_reason": Total(m.ORIGIN, by=("reason",)),
    "outcome_ended": Total(m.ENDED, _HANDLED),
    "outcome_ended_of_window": Total(m.MATURED, _HANDLED, _OF_WINDOW),
    "outcome_matured_failed": Total(
        m.MATURED, {**_HANDLED, "verdict": _FAILED}, _OF_WINDOW, fill="outcome_ended_of_window"
    ),
    "outcome_recurred": Total(m.RECURRED, _HANDLED, _OF_WINDOW),
    "outcome_exited": Total(m.EXITED, _HANDLED, _OF_WINDOW, fill="outcome_recurred"),
    "outcome_unlinkable": Total(m.UNLINKABLE, _HANDLED, fill="outcome_ended"),
    "outcome_claimed": Total(m.CLAIMS, by=_OF_CLAIM),
    "outcome_claimed_failed": Total(m.CLAIMS, {"verdict": _FAILED}, _OF_CLAIM, fill="outcome_claimed"),
    "outcome_problems": Total(m.PROBLEMS, {}, _OF_WINDOW),
    "outcome_problems_resolved": Total(
        m.PROBLEMS, {"verdict": "resolved|confirmed"}, _OF_WINDOW, fill="outcome_problems"
    ),
    "outcome_problem_contacts": _sum(m.PROBLEM_CONTACTS, "outcome_problems", _OF_WINDOW),
    "outcome_problem_seconds": _sum(m.PROBLEM_DURATION, "outcome_problems", _OF_WINDOW),
    "outcome_effort_seconds": _sum(m.PROBLEM_EFFORT, "outcome_problems", _OF_WINDOW),
    "outcome_effort_seconds_of_contacts": Total(m.EFFORT, fill="legacy_offered"),
    "outcome_nudges_issued": Total(m.NUDGES, {"fate": "issued"}),
    "outcome_nudges_acted_on": Total(m.NUDGES_ANSWERED, {"response": "acted"}, fill="outcome_nudges_issued"),
    "outcome_nudges_suppressed": Total(m.NUDGES, {"fate": "limited|quiet"}, fill="outcome_nudges_issued"),
    "outcome_nudge_action_seconds": _sum(m.NUDGE_DELAY, "outcome_nudges_issued"),
    "outcome_handle_cost": Total(m.HANDLE_COST, by=("currency",)),
    "outcome_failure_cost": Total(m.FAILURE_COST, by=("currency",), fill="outcome_handle_cost"),
    "outcome_failure_cost_by_category": Total(m.FAILURE_COST, by=("currency", "category")),
    "outcome_failure_cost_by_reason": Total(m.FAILURE_COST, by=("currency", "reason")),
}
"""By the name of its recording rules: ``queue:<name>:total`` and so on."""


def record_of(level: Level, name: str, operation: str) -> str:
    """Return the name of a recording rule: the labels that it is aggregated by, what it is, and how it was made."""
    return ":".join(("_".join((level.name, *TOTALS[name].by)), name, operation))


def total_rules(totals: Iterable[str] = TOTALS) -> Iterator[Recording]:
    """Yield the rule of every total at every level."""
    for name in totals:
        total = TOTALS[name]
        for level in total.levels():
            by = (*level.labels, *total.by)
            expr = f"sum{_by(by)} ({net(total.metric, total.select, total.part)})"
            if total.fill:
                # What has not been counted yet is none, not unknown.
                expr = f"{expr}\nor 0 * {record_of(level, total.fill, 'total')}"
            yield Recording(record_of(level, name, "total"), expr, CATALOGUE[total.metric].help)


def _by(labels: tuple[str, ...]) -> str:
    return f" by ({', '.join(labels)})" if labels else ""
