"""Every event of the log as it is written: a union of one model for each ``type``, told apart by it.

The models of contacts are in ``contacts``; here are those of customers, cases, staff, nudges and the clock.
"""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter, model_validator
from typing_extensions import override

from streams.contracts import contacts
from streams.contracts import fields as f
from streams.contracts.wire import TEXT, Wire, one_of
from streams.domain import events as facts


class _Case(Wire):
    case_id: f.CaseId
    customer_id: f.CustomerId
    reason: f.MaybeReason = None
    contact_id: f.MaybeContactId = None


class CaseOpened(_Case):
    """A case (ticket, order, claim) was opened for the customer's problem."""

    type: Annotated[Literal["case.opened"], f.TYPE]

    @override
    def to_event(self) -> facts.CaseOpened:
        return facts.CaseOpened(
            self.event_id,
            self.occurred_at,
            self.source,
            self.case_id,
            self.customer_id,
            self.reason or None,
            self.contact_id or None,
        )


class CaseResolved(_Case):
    """The case is said to be resolved."""

    type: Annotated[Literal["case.resolved"], f.TYPE]

    @override
    def to_event(self) -> facts.CaseResolved:
        return facts.CaseResolved(
            self.event_id,
            self.occurred_at,
            self.source,
            self.case_id,
            self.customer_id,
            self.reason or None,
            self.contact_id or None,
        )


class CaseReopened(_Case):
    """The case was opened again: it had not been resolved."""

    type: Annotated[Literal["case.reopened"], f.TYPE]

    @override
    def to_event(self) -> facts.CaseReopened:
        return facts.CaseReopened(
            self.event_id,
            self.occurred_at,
            self.source,
            self.case_id,
            self.customer_id,
            self.reason or None,
            self.contact_id or None,
        )


class _Outcome(Wire):
    model_config = ConfigDict(json_schema_extra=one_of(contact_id=TEXT, case_id=TEXT, reason=TEXT))

    customer_id: f.CustomerId
    contact_id: f.MaybeContactId = None
    case_id: f.MaybeCaseId = None
    reason: f.MaybeReason = None

    @model_validator(mode="after")
    def _is_about_something(self) -> Self:
        return self.require_one("contact_id", "case_id", "reason")


class OutcomeConfirmed(_Outcome):
    """The customer says, or shows, that the problem is solved."""

    type: Annotated[Literal["outcome.confirmed"], f.TYPE]

    @override
    def to_event(self) -> facts.OutcomeConfirmed:
        return facts.OutcomeConfirmed(
            self.event_id,
            self.occurred_at,
            self.source,
            self.customer_id,
            self.contact_id or None,
            self.case_id or None,
            self.reason or None,
        )


class OutcomeDenied(_Outcome):
    """The customer says, or shows, that the problem is not solved."""

    type: Annotated[Literal["outcome.denied"], f.TYPE]

    @override
    def to_event(self) -> facts.OutcomeDenied:
        return facts.OutcomeDenied(
            self.event_id,
            self.occurred_at,
            self.source,
            self.customer_id,
            self.contact_id or None,
            self.case_id or None,
            self.reason or None,
        )


class CustomerExited(Wire):
    """The customer left us."""

    type: Annotated[Literal["customer.exited"], f.TYPE]
    customer_id: f.CustomerId
    how: f.How

    @override
    def to_event(self) -> facts.CustomerExited:
        return facts.CustomerExited(self.event_id, self.occurred_at, self.source, self.customer_id, self.how)


class AgentStateChanged(Wire):
    """The agent's state from now on."""

    type: Annotated[Literal["agent.state"], f.TYPE]
    agent_id: f.AgentId
    team: f.Team
    state: Annotated[facts.AgentActivity, Field(description="What the agent does from now on.")]

    @override
    def to_event(self) -> facts.AgentStateChanged:
        return facts.AgentStateChanged(
            self.event_id, self.occurred_at, self.source, self.agent_id, self.team, self.state
        )


class _Staff(Wire):
    agent_id: f.AgentId
    team: f.Team


class StaffJoined(_Staff):
    """The agent joined the team."""

    type: Annotated[Literal["staff.joined"], f.TYPE]

    @override
    def to_event(self) -> facts.StaffJoined:
        return facts.StaffJoined(self.event_id, self.occurred_at, self.source, self.agent_id, self.team)


class StaffLeft(_Staff):
    """The agent left the team and the company."""

    type: Annotated[Literal["staff.left"], f.TYPE]

    @override
    def to_event(self) -> facts.StaffLeft:
        return facts.StaffLeft(self.event_id, self.occurred_at, self.source, self.agent_id, self.team)


class ActionTaken(Wire):
    """Somebody answered a nudge."""

    type: Annotated[Literal["action.taken"], f.TYPE]
    nudge_id: f.NudgeId
    actor: f.Actor
    action: Annotated[facts.NudgeAction, Field(description="What was done with the nudge.")]
    note: f.MaybeNote = None

    @override
    def to_event(self) -> facts.ActionTaken:
        return facts.ActionTaken(
            self.event_id,
            self.occurred_at,
            self.source,
            self.nudge_id,
            self.actor,
            self.action,
            self.note or None,
        )


class DemandSpiked(Wire):
    """Failure demand of a reason is far above what is usual; the monitor says so itself, of what it has counted."""

    type: Annotated[Literal["demand.spiked"], f.TYPE]
    queue: f.SpikedQueue
    reason: f.SpikedReason
    since: f.Since
    contacts: f.Contacts
    expected: f.Expected

    @override
    def to_event(self) -> facts.DemandSpiked:
        return facts.DemandSpiked(
            self.event_id,
            self.occurred_at,
            self.source,
            self.queue,
            self.reason,
            self.since,
            self.contacts,
            self.expected,
        )


class ClockTicked(Wire):
    """Time moved on in this partition, whether or not anything else happened."""

    type: Annotated[Literal["clock.tick"], f.TYPE]

    @override
    def to_event(self) -> facts.ClockTicked:
        return facts.ClockTicked(self.event_id, self.occurred_at, self.source)


Interaction: TypeAlias = Annotated[
    contacts.ContactOffered
    | contacts.ContactIdentified
    | contacts.ContactAnswered
    | contacts.ContactTransferred
    | contacts.ContactUpdated
    | contacts.ContactAbandoned
    | contacts.ContactEnded
    | CaseOpened
    | CaseResolved
    | CaseReopened
    | OutcomeConfirmed
    | OutcomeDenied
    | CustomerExited
    | contacts.SurveyAnswered
    | AgentStateChanged
    | StaffJoined
    | StaffLeft
    | DemandSpiked
    | ActionTaken
    | ClockTicked,
    Field(discriminator="type"),
]

INTERACTION: TypeAdapter[Interaction] = TypeAdapter(Interaction)
