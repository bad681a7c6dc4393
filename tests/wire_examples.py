"""Records of every type as they come, with the facts that they report."""

from typing import Any

from streams.contracts import times
from streams.domain import events as facts

NOW = times.millis_of("2026-03-01T10:00:00Z")

COMMON = {"event_id": "e-1", "occurred_at": "2026-03-01T10:00:00Z", "source": "telephony"}
OFFERED = {**COMMON, "type": "contact.offered", "contact_id": "c-1", "channel": "voice"}
ENDED = {**COMMON, "type": "contact.ended", "contact_id": "c-1"}
UPDATED = {**COMMON, "type": "contact.updated", "contact_id": "c-1"}
SURVEY = {**COMMON, "type": "survey.answered", "contact_id": "c-1"}
DENIED = {**COMMON, "type": "outcome.denied", "customer_id": "p-1"}
SPIKE = {
    **COMMON,
    "type": "demand.spiked",
    "queue": "delivery",
    "reason": "parcel_late",
    "since": "2026-03-01T09:00:00Z",
    "contacts": 31,
    "expected": 12.5,
}
ACTION = {**COMMON, "type": "action.taken", "nudge_id": "n-1", "actor": "lead", "action": "acted"}

WHO = ("e-1", NOW, "telephony")
EXAMPLES: list[tuple[dict[str, Any], facts.Event]] = [
    (
        {
            **OFFERED,
            "customer_id": "p-1",
            "queue": "billing",
            "team": "blue",
            "reason": "chase",
            "product": "loan",
            "case_id": "k-1",
            "direction": "outbound",
            "demand": "failure",
        },
        facts.ContactOffered(
            *WHO, "c-1", "voice", "p-1", "billing", "blue", "chase", "loan", "k-1", "outbound", "failure"
        ),
    ),
    (
        {**COMMON, "type": "contact.identified", "contact_id": "c-1", "customer_id": "p-1"},
        facts.ContactIdentified(*WHO, "c-1", "p-1"),
    ),
    (
        {**COMMON, "type": "contact.answered", "contact_id": "c-1", "agent_id": "a-1", "queue": "q", "team": "t"},
        facts.ContactAnswered(*WHO, "c-1", "a-1", "q", "t"),
    ),
    (
        {**COMMON, "type": "contact.transferred", "contact_id": "c-1", "to_queue": "q", "to_team": "t"},
        facts.ContactTransferred(*WHO, "c-1", "q", "t"),
    ),
    (
        {**UPDATED, "reason": "r", "product": "p", "case_id": "k", "queue": "q", "team": "t", "sla_met": True},
        facts.ContactUpdated(*WHO, "c-1", "q", "t", "r", "p", "k", sla_met=True),
    ),
    ({**COMMON, "type": "contact.abandoned", "contact_id": "c-1"}, facts.ContactAbandoned(*WHO, "c-1")),
    (
        {
            **ENDED,
            "talk_s": 180.25,
            "hold_s": 12,
            "wrap_s": 30.0,
            "self_service_s": 0,
            "disposition": "done",
            "claimed_resolved": True,
            "sla_met": False,
        },
        facts.ContactEnded(*WHO, "c-1", 180_250, 12_000, 30_000, 0, "done", claimed_resolved=True, sla_met=False),
    ),
    (
        {**COMMON, "type": "case.opened", "case_id": "k", "customer_id": "p", "reason": "r", "contact_id": "c"},
        facts.CaseOpened(*WHO, "k", "p", "r", "c"),
    ),
    (
        {**COMMON, "type": "case.resolved", "case_id": "k", "customer_id": "p", "reason": "r", "contact_id": "c"},
        facts.CaseResolved(*WHO, "k", "p", "r", "c"),
    ),
    (
        {**COMMON, "type": "case.reopened", "case_id": "k", "customer_id": "p", "reason": "r", "contact_id": "c"},
        facts.CaseReopened(*WHO, "k", "p", "r", "c"),
    ),
    (
        {**COMMON, "type": "outcome.confirmed", "customer_id": "p", "contact_id": "c"},
        facts.OutcomeConfirmed(*WHO, "p", "c"),
    ),
    ({**DENIED, "case_id": "k", "reason": "r"}, facts.OutcomeDenied(*WHO, "p-1", None, "k", "r")),
    (
        {**COMMON, "type": "customer.exited", "customer_id": "p", "how": "cancelled"},
        facts.CustomerExited(*WHO, "p", "cancelled"),
    ),
    ({**SURVEY, "customer_id": "p", "csat": 1, "nps": 10}, facts.SurveyAnswered(*WHO, "c-1", "p", 1, 10)),
    (
        {**COMMON, "type": "agent.state", "agent_id": "a", "team": "t", "state": "break"},
        facts.AgentStateChanged(*WHO, "a", "t", "break"),
    ),
    ({**COMMON, "type": "staff.joined", "agent_id": "a", "team": "t"}, facts.StaffJoined(*WHO, "a", "t")),
    ({**COMMON, "type": "staff.left", "agent_id": "a", "team": "t"}, facts.StaffLeft(*WHO, "a", "t")),
    (
        {**SPIKE, "since": "2026-03-01T09:00:00Z"},
        facts.DemandSpiked(*WHO, "delivery", "parcel_late", 1_772_355_600_000, 31, 12.5),
    ),
    ({**ACTION, "note": "two\nlines"}, facts.ActionTaken(*WHO, "n-1", "lead", "acted", "two\nlines")),
    ({**COMMON, "type": "clock.tick"}, facts.ClockTicked(*WHO)),
]
