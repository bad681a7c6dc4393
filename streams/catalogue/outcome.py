"""Outcome measures: what became of the customers' problems, and what failing at them costs."""

from streams.catalogue.labels import QTC
from streams.catalogue.metric import Metric, NoTwin, Tier
from streams.domain import measures as m
from streams.domain.ledger import Histogram

PENDING = "outcome_pending"

_REASON = (*QTC, "reason")


def _business(name: str, labels: tuple[str, ...], help_text: str, question: str, twin: str | NoTwin) -> Metric:
    return Metric(name, "counter", "business outcome", labels, help_text, question, twin, retractable=True)


def _customer(name: str, labels: tuple[str, ...], help_text: str, question: str, twin: str | NoTwin) -> Metric:
    return Metric(name, "counter", "customer outcome", labels, help_text, question, twin, retractable=True)


def _histogram(
    buckets: Histogram, labels: tuple[str, ...], help_text: str, question: str, twin: str | NoTwin
) -> Metric:
    tier: Tier = "customer outcome"
    return Metric(buckets.name, "histogram", tier, labels, help_text, question, twin, retractable=True, buckets=buckets)


METRICS: tuple[Metric, ...] = (
    _business(
        m.DEMAND,
        (*_REASON, "demand", "evidence"),
        "Inbound contacts by demand, known at arrival (at the end if there is nothing to link by), with the evidence.",
        "How much of our demand is caused by our own failures?",
        m.OFFERED,
    ),
    _business(
        m.LINKED,
        (*QTC, "link"),
        "Contacts joined to a problem, by what joined them.",
        "How sure are we that it is the same problem?",
        NoTwin("output measures count contacts without asking which problem they are about"),
    ),
    _business(
        m.ORIGIN,
        (*_REASON, "evidence"),
        "Failure-demand contacts, charged to where the earlier contact ended.",
        "Where is failure demand caused, rather than where does it land?",
        m.OFFERED,
    ),
    _customer(
        m.UNLINKABLE,
        (*QTC, "handled", "why"),
        "Ended contacts with no customer, or with nothing to link by.",
        "Of how many contacts can no outcome be known?",
        NoTwin("output measures need no link, so they have no blind spot of this kind"),
    ),
    _customer(
        m.ENDED,
        (*_REASON, "handled"),
        "Linkable contacts that ended.",
        "Of how many contacts can the outcome be known?",
        m.HANDLED,
    ),
    _customer(
        m.RECURRED,
        (*_REASON, "handled", "window"),
        "Contacts whose problem recurred within the window, counted when it recurs.",
        "How many problems came back?",
        m.CLAIMED_RESOLVED,
    ),
    _customer(
        m.RECURRENCES,
        (*QTC, "handled", "window", "by"),
        "Contacts whose problem recurred, by how; one contact may be counted under several.",
        "How do we learn that a problem came back?",
        m.CLAIMED_RESOLVED,
    ),
    _business(
        m.EXITED,
        (*_REASON, "handled", "window"),
        "Contacts whose customer exited within the window without coming back, counted at the exit.",
        "How many customers left instead of asking again?",
        m.NPS,
    ),
    _customer(
        m.MATURED,
        (*_REASON, "handled", "window", "verdict"),
        "Contacts by verdict, counted when their window has passed.",
        "What became of the contacts, without the flattery of those too recent to have failed?",
        m.HANDLED,
    ),
    _customer(
        m.CLAIMS,
        (*QTC, "window", "claim", "verdict"),
        "Matured contacts of which an output measure claimed something, by verdict.",
        "How often is a claimed resolution, or a met target, followed by failure?",
        m.CLAIMED_RESOLVED,
    ),
    _histogram(
        m.RECURRENCE_DELAY,
        (*QTC, "handled"),
        "Time from a contact's end to its first recurrence.",
        "How soon do problems come back?",
        NoTwin("no output measure follows a contact beyond its end"),
    ),
    _customer(
        m.PROBLEMS,
        (*QTC, "handled", "window", "verdict"),
        "Problems by verdict, counted when no further contact can belong to them, where their last contact ended.",
        "How many problems did we solve?",
        m.HANDLED,
    ),
    _histogram(
        m.PROBLEM_CONTACTS,
        (*QTC, "window"),
        "Contacts that a problem took.",
        "How many contacts does it take to solve a problem?",
        m.HANDLE_TIME.name,
    ),
    _histogram(
        m.PROBLEM_DURATION,
        (*QTC, "window"),
        "Time from a problem's first contact to the end of its last.",
        "How long does a customer live with a problem?",
        m.FIRST_RESPONSE.name,
    ),
    _histogram(
        m.PROBLEM_EFFORT,
        (*QTC, "window"),
        "The customer's time over a whole problem: queue, hold, talk and self-service.",
        "How much of their time does a problem cost customers?",
        m.QUEUE_TIME.name,
    ),
    _customer(
        m.EFFORT,
        QTC,
        "The customers' time over all contacts: queue, hold, talk and self-service.",
        "How much of their time do we cost customers?",
        m.HANDLE_TIME.name,
    ),
    _business(
        m.FAILURE_HANDLE_TIME,
        (*_REASON, "category"),
        "Handle time of failure-demand contacts.",
        "How much of the agents' time goes into failure demand?",
        m.AGENT_TIME,
    ),
    _business(
        m.FAILURE_COST,
        (*_REASON, "category", "currency"),
        "Cost of failure demand: its handle time at the configured rate.",
        "What does failure demand cost?",
        m.HANDLE_TIME.name,
    ),
    _business(
        m.HANDLE_COST,
        (*QTC, "currency"),
        "Cost of all demand: its handle time at the configured rate.",
        "What does handling cost, of which failure demand is a part?",
        m.HANDLE_TIME.name,
    ),
    Metric(
        PENDING,
        "gauge",
        "customer outcome",
        (*QTC, "handled", "window"),
        "Linkable contacts that ended and have no verdict yet.",
        "How many contacts can still fail?",
        m.HANDLED,
        computed_from=(m.ENDED, m.RECURRED, m.EXITED, m.MATURED),
    ),
)
