"""Output measures: what the industry counts, exactly as it defines it."""

from collections.abc import Mapping
from types import MappingProxyType

from streams.catalogue.labels import QTC
from streams.catalogue.metric import Metric, NoTwin
from streams.domain import measures as m
from streams.domain.ledger import Histogram

HEADCOUNT = "legacy_headcount"


def _counter(name: str, help_text: str, question: str, twin: str | NoTwin, labels: tuple[str, ...] = QTC) -> Metric:
    return Metric(name, "counter", "output", labels, help_text, question, twin, retractable=True)


def _histogram(buckets: Histogram, help_text: str, question: str, twin: str, labels: tuple[str, ...] = QTC) -> Metric:
    return Metric(
        buckets.name, "histogram", "output", labels, help_text, question, twin, retractable=True, buckets=buckets
    )


def _staff(name: str, help_text: str, question: str) -> Metric:
    return Metric(name, "counter", "output", ("team",), help_text, question, m.ORIGIN)


METRICS: tuple[Metric, ...] = (
    _counter(m.OFFERED, "Inbound contacts offered.", "How much demand came in?", m.DEMAND),
    _counter(m.ANSWERED, "Contacts answered.", "How many got through to us?", m.MATURED),
    _counter(
        m.ANSWERED_IN_THRESHOLD,
        "Contacts answered within the service-level threshold.",
        "What is the service level?",
        m.CLAIMS,
    ),
    _counter(m.HANDLED, "Contacts that ended after being handled.", "How many contacts did we handle?", m.PROBLEMS),
    _counter(
        m.ABANDONED,
        "Contacts abandoned, short abandons left out.",
        "How many gave up waiting?",
        m.MATURED,
    ),
    _counter(
        m.SHORT_ABANDONED,
        "Contacts abandoned so soon that the industry leaves them out.",
        "How many does abandonment leave out?",
        m.DEMAND,
    ),
    _counter(
        m.ABANDONED_IN_THRESHOLD,
        "Contacts abandoned within the service-level threshold, short abandons included.",
        "What is the service level by the formulas that count these?",
        NoTwin("needed only to form the usual service-level formulas"),
    ),
    _histogram(
        m.QUEUE_TIME,
        "Time that a contact waited in queue, by how it left.",
        "How long do customers queue?",
        m.PROBLEM_EFFORT.name,
        (*QTC, "left_by"),
    ),
    _histogram(
        m.FIRST_RESPONSE,
        "Time from offer to first answer.",
        "How soon do we respond?",
        m.PROBLEM_DURATION.name,
    ),
    _histogram(
        m.HANDLE_TIME,
        "Handle time of a contact: talk, hold and wrap.",
        "How long does a contact take us?",
        m.PROBLEM_CONTACTS.name,
    ),
    _counter(m.TALK_TIME, "Talk time of handled contacts.", "How much of handling is talk?", m.EFFORT),
    _counter(m.HOLD_TIME, "Hold time of handled contacts.", "How much of handling is hold?", m.EFFORT),
    _counter(m.WRAP_TIME, "Wrap time of handled contacts.", "How much of handling is wrap?", m.FAILURE_HANDLE_TIME),
    _counter(
        m.TRANSFERS,
        "Transfers, charged to the queue that passes the contact on.",
        "Who passes contacts on?",
        m.ORIGIN,
    ),
    _counter(
        m.TRANSFERRED,
        "Handled contacts with a transfer, charged to where they ended.",
        "How many handled contacts were passed on?",
        m.PROBLEM_CONTACTS.name,
    ),
    _counter(
        m.CLAIMED_RESOLVED,
        "Contacts claimed to be resolved when they ended.",
        "What is first-contact resolution, as claimed?",
        m.CLAIMS,
    ),
    _counter(m.SLA_MET, "Contacts said to have met their SLA.", "How often do we meet the SLA?", m.CLAIMS),
    _counter(m.SLA_MISSED, "Contacts said to have missed their SLA.", "How often do we miss the SLA?", m.CLAIMS),
    _counter(
        m.OUTBOUND,
        "Outbound contacts.",
        "How often do we reach out?",
        NoTwin("an outbound contact is not a customer's attempt to reach us, so it has no verdict"),
    ),
    _counter(m.SURVEYS, "Surveys answered.", "How many customers tell us?", m.ENDED),
    _counter(
        m.CSAT,
        "Satisfaction scores given.",
        "How satisfied do customers say they are?",
        m.RECURRED,
        (*QTC, "score"),
    ),
    _counter(m.NPS, "Recommendation scores given.", "Would customers recommend us?", m.EXITED, (*QTC, "score")),
    _counter(
        m.AGENT_TIME,
        "Time of agents by what they were doing.",
        "What is occupancy: how busy are the agents?",
        m.FAILURE_HANDLE_TIME,
        ("team", "state"),
    ),
    _staff(m.STAFF_JOINED, "Staff that joined.", "How many joined the team?"),
    _staff(m.STAFF_LEFT, "Staff that left.", "How many left the team?"),
    Metric(
        HEADCOUNT,
        "gauge",
        "output",
        ("team",),
        "Staff that joined and have not left.",
        "How many people does attrition relate to?",
        m.ORIGIN,
        computed_from=(m.STAFF_JOINED, m.STAFF_LEFT),
    ),
)

SEVEN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "service level": (m.ANSWERED_IN_THRESHOLD,),
        "average handle time": (m.HANDLE_TIME.name,),
        "average queue time": (m.QUEUE_TIME.name,),
        "abandonment": (m.ABANDONED,),
        "first-contact resolution": (m.CLAIMED_RESOLVED,),
        "occupancy": (m.AGENT_TIME,),
        "agent turnover": (m.STAFF_LEFT, HEADCOUNT),
    }
)
"""The seven measures that the industry runs on, with the metrics that stand for them; each has an outcome twin."""
