"""What happened: the facts that the log holds, one class for each event type.

Facts are ``NamedTuple``s rather than frozen dataclasses because they are made once for each event of the log and a
frozen dataclass costs four times as much to make.

Facts of the same instant have a rank, so that a contact is offered before it is answered before it ends. With the event
id it makes the order of any set of events total: see :func:`order`.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from streams.domain.units import Millis

Direction: TypeAlias = Literal["inbound", "outbound"]
DemandClass: TypeAlias = Literal["value", "failure"]
AgentActivity: TypeAlias = Literal["handling", "available", "break", "offline"]
NudgeAction: TypeAlias = Literal["acknowledged", "acted", "dismissed"]


class ClockTicked(NamedTuple):
    """Nothing happened, and time has moved on."""

    event_id: str
    occurred_at: Millis
    source: str


class ContactOffered(NamedTuple):
    """A customer tries to reach us, or (outbound) we try to reach them."""

    event_id: str
    occurred_at: Millis
    source: str
    contact_id: str
    channel: str
    customer_id: str | None = None
    queue: str | None = None
    team: str | None = None
    reason: str | None = None
    product: str | None = None
    case_id: str | None = None
    direction: Direction = "inbound"
    demand: DemandClass | None = None


class ContactIdentified(NamedTuple):
    """Who the customer is became known during the contact."""

    event_id: str
    occurred_at: Millis
    source: str
    contact_id: str
    customer_id: str


class ContactUpdated(NamedTuple):
    """What is now known of a contact; a field that is ``None`` leaves what was known before."""

    event_id: str
    occurred_at: Millis
    source: str
    contact_id: str
    queue: str | None = None
    team: str | None = None
    reason: str | None = None
    product: str | None = None
    case_id: str | None = None
    sla_met: bool | None = None


class ContactAnswered(NamedTuple):
    """Somebody took the contact out of its queue."""

    event_id: str
    occurred_at: Millis
    source: str
    contact_id: str
    agent_id: str | None = None
    queue: str | None = None
    team: str | None = None


class ContactTransferred(NamedTuple):
    """The contact was passed on, and waits again."""

    event_id: str
    occurred_at: Millis
    source: str
    contact_id: str
    to_queue: str | None = None
    to_team: str | None = None


class ContactAbandoned(NamedTuple):
    """The customer gave up."""

    event_id: str
    occurred_at: Millis
    source: str
    contact_id: str


class ContactEnded(NamedTuple):
    """The contact is over, wrap included. Given a second time, it is over again after having been reopened."""

    event_id: str
    occurred_at: Millis
    source: str
    contact_id: str
    talk: Millis | None = None
    hold: Millis | None = None
    wrap: Millis | None = None
    self_service: Millis | None = None
    disposition: str | None = None
    claimed_resolved: bool | None = None
    sla_met: bool | None = None


class CaseOpened(NamedTuple):
    """A case was opened, by a contact if that is given."""

    event_id: str
    occurred_at: Millis
    source: str
    case_id: str
    customer_id: str
    reason: str | None = None
    contact_id: str | None = None


class CaseResolved(NamedTuple):
    """A case was said to be resolved."""

    event_id: str
    occurred_at: Millis
    source: str
    case_id: str
    customer_id: str
    reason: str | None = None
    contact_id: str | None = None


class CaseReopened(NamedTuple):
    """A case that was said to be resolved is open again."""

    event_id: str
    occurred_at: Millis
    source: str
    case_id: str
    customer_id: str
    reason: str | None = None
    contact_id: str | None = None


class OutcomeConfirmed(NamedTuple):
    """The customer's own word, or behaviour, that the problem is solved."""

    event_id: str
    occurred_at: Millis
    source: str
    customer_id: str
    contact_id: str | None = None
    case_id: str | None = None
    reason: str | None = None


class OutcomeDenied(NamedTuple):
    """The customer's own word, or behaviour, that the problem is not solved."""

    event_id: str
    occurred_at: Millis
    source: str
    customer_id: str
    contact_id: str | None = None
    case_id: str | None = None
    reason: str | None = None


class CustomerExited(NamedTuple):
    """The customer left: cancelled, charged back, complained to a third party."""

    event_id: str
    occurred_at: Millis
    source: str
    customer_id: str
    how: str


class SurveyAnswered(NamedTuple):
    """The customer answered a survey: satisfaction (1 to 5), recommendation (0 to 10), or both."""

    event_id: str
    occurred_at: Millis
    source: str
    contact_id: str
    customer_id: str | None = None
    csat: int | None = None
    nps: int | None = None


class AgentStateChanged(NamedTuple):
    """What an agent does from now on."""

    event_id: str
    occurred_at: Millis
    source: str
    agent_id: str
    team: str
    state: AgentActivity


class StaffJoined(NamedTuple):
    """An agent became part of a team."""

    event_id: str
    occurred_at: Millis
    source: str
    agent_id: str
    team: str


class StaffLeft(NamedTuple):
    """An agent left the company or the team for good."""

    event_id: str
    occurred_at: Millis
    source: str
    agent_id: str
    team: str


class DemandSpiked(NamedTuple):
    """Failure demand of a reason that a queue has caused is far above what is usual, since a time.

    ``contacts`` came since then, where ``expected`` are usual.
    """

    event_id: str
    occurred_at: Millis
    source: str
    queue: str
    reason: str
    since: Millis
    contacts: int
    expected: float

    @property
    def spike_key(self) -> str:
        """What it is about: its queue, in which a slash is written ~1 and a tilde ~0, a slash, and its reason."""
        queue = self.queue.replace("~", "~0").replace("/", "~1")
        return f"{queue}/{self.reason}"


class ActionTaken(NamedTuple):
    """A team lead did something about a nudge."""

    event_id: str
    occurred_at: Millis
    source: str
    nudge_id: str
    actor: str
    action: NudgeAction
    note: str | None = None

    @property
    def contact_id(self) -> str:
        """The contact that the nudge is about: its id is its kind, a colon, and that; unless it is about a spike."""
        return self.nudge_id.partition(":")[2]

    @property
    def spike_key(self) -> str | None:
        """The queue and the reason of the spike that the nudge is about; ``None`` if it is about a contact."""
        kind, _, about = self.nudge_id.partition(":")
        return about.rpartition("#")[0] if kind == "spike" else None


ContactEvent: TypeAlias = (
    ContactOffered
    | ContactIdentified
    | ContactUpdated
    | ContactAnswered
    | ContactTransferred
    | ContactAbandoned
    | ContactEnded
    | SurveyAnswered
    | ActionTaken
)
"""Events of one contact: keyed by contact id."""

CustomerEvent: TypeAlias = CaseOpened | CaseResolved | CaseReopened | OutcomeConfirmed | OutcomeDenied | CustomerExited
"""What a customer, or a case of theirs, did outside any contact: keyed by customer id."""

AgentEvent: TypeAlias = AgentStateChanged | StaffJoined | StaffLeft
"""What staff do: keyed by agent id."""

Event: TypeAlias = ContactEvent | CustomerEvent | AgentEvent | DemandSpiked | ClockTicked


TYPE_OF: Mapping[type, str] = {
    ClockTicked: "clock.tick",
    ContactOffered: "contact.offered",
    ContactIdentified: "contact.identified",
    ContactUpdated: "contact.updated",
    ContactAnswered: "contact.answered",
    ContactTransferred: "contact.transferred",
    ContactAbandoned: "contact.abandoned",
    ContactEnded: "contact.ended",
    CaseOpened: "case.opened",
    CaseResolved: "case.resolved",
    CaseReopened: "case.reopened",
    OutcomeConfirmed: "outcome.confirmed",
    OutcomeDenied: "outcome.denied",
    CustomerExited: "customer.exited",
    SurveyAnswered: "survey.answered",
    AgentStateChanged: "agent.state",
    StaffJoined: "staff.joined",
    StaffLeft: "staff.left",
    DemandSpiked: "demand.spiked",
    ActionTaken: "action.taken",
}
"""The name that each kind of event has in the log, in the order in which facts of the same instant are taken."""

RANK_OF: Mapping[type, int] = {kind: rank for rank, kind in enumerate(TYPE_OF)}


def order(event: Event) -> tuple[Millis, int, str]:
    """Return the place of an event in the one total order that every run agrees on: time, rank, event id."""
    return (event.occurred_at, RANK_OF[type(event)], event.event_id)
