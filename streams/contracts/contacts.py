"""The wire models of what happens to one contact, from offered to ended, and of the survey that follows it."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from typing_extensions import override

from streams.contracts import fields as f
from streams.contracts.wire import FLAG, SCORE, TEXT, Wire, one_of
from streams.domain import events as facts


class ContactOffered(Wire):
    """A customer asks for us, or we for them: the contact begins to wait."""

    type: Annotated[Literal["contact.offered"], f.TYPE]
    contact_id: f.ContactId
    customer_id: f.MaybeCustomerId = None
    channel: f.Channel
    queue: f.MaybeQueue = None
    team: f.MaybeTeam = None
    reason: f.MaybeReason = None
    product: f.MaybeProduct = None
    case_id: f.MaybeCaseId = None
    direction: Annotated[facts.Direction | None, Field(description="Who called whom.")] = "inbound"
    demand: Annotated[
        facts.DemandClass | None,
        Field(description="The source's own word on whether it is value or failure demand. Rarely known."),
    ] = None

    @override
    def to_event(self) -> facts.ContactOffered:
        return facts.ContactOffered(
            self.event_id,
            self.occurred_at,
            self.source,
            self.contact_id,
            self.channel,
            self.customer_id or None,
            self.queue or None,
            self.team or None,
            self.reason or None,
            self.product or None,
            self.case_id or None,
            self.direction or "inbound",
            self.demand,
        )


class ContactIdentified(Wire):
    """The customer became known during the contact."""

    type: Annotated[Literal["contact.identified"], f.TYPE]
    contact_id: f.ContactId
    customer_id: f.CustomerId

    @override
    def to_event(self) -> facts.ContactIdentified:
        return facts.ContactIdentified(self.event_id, self.occurred_at, self.source, self.contact_id, self.customer_id)


class ContactAnswered(Wire):
    """An agent took the contact."""

    type: Annotated[Literal["contact.answered"], f.TYPE]
    contact_id: f.ContactId
    agent_id: f.MaybeAgentId = None
    queue: f.MaybeQueue = None
    team: f.MaybeTeam = None

    @override
    def to_event(self) -> facts.ContactAnswered:
        return facts.ContactAnswered(
            self.event_id,
            self.occurred_at,
            self.source,
            self.contact_id,
            self.agent_id or None,
            self.queue or None,
            self.team or None,
        )


class ContactTransferred(Wire):
    """The contact was handed on."""

    type: Annotated[Literal["contact.transferred"], f.TYPE]
    contact_id: f.ContactId
    to_queue: f.MaybeQueue = None
    to_team: f.MaybeTeam = None

    @override
    def to_event(self) -> facts.ContactTransferred:
        return facts.ContactTransferred(
            self.event_id,
            self.occurred_at,
            self.source,
            self.contact_id,
            self.to_queue or None,
            self.to_team or None,
        )


class ContactUpdated(Wire):
    """More is known of the contact, or it is known better; what is not said stays as it was."""

    model_config = ConfigDict(
        json_schema_extra=one_of(reason=TEXT, product=TEXT, case_id=TEXT, queue=TEXT, team=TEXT, sla_met=FLAG)
    )

    type: Annotated[Literal["contact.updated"], f.TYPE]
    contact_id: f.ContactId
    reason: f.MaybeReason = None
    product: f.MaybeProduct = None
    case_id: f.MaybeCaseId = None
    queue: f.MaybeQueue = None
    team: f.MaybeTeam = None
    sla_met: f.SlaMet = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        return self.require_one("reason", "product", "case_id", "queue", "team", "sla_met")

    @override
    def to_event(self) -> facts.ContactUpdated:
        return facts.ContactUpdated(
            self.event_id,
            self.occurred_at,
            self.source,
            self.contact_id,
            self.queue or None,
            self.team or None,
            self.reason or None,
            self.product or None,
            self.case_id or None,
            self.sla_met,
        )


class ContactAbandoned(Wire):
    """The customer gave up before anybody answered."""

    type: Annotated[Literal["contact.abandoned"], f.TYPE]
    contact_id: f.ContactId

    @override
    def to_event(self) -> facts.ContactAbandoned:
        return facts.ContactAbandoned(self.event_id, self.occurred_at, self.source, self.contact_id)


class ContactEnded(Wire):
    """The contact is over. From here on we watch whether the problem comes back."""

    type: Annotated[Literal["contact.ended"], f.TYPE]
    contact_id: f.ContactId
    talk_s: f.TalkSeconds = None
    hold_s: f.HoldSeconds = None
    wrap_s: f.WrapSeconds = None
    self_service_s: f.SelfServiceSeconds = None
    disposition: f.MaybeDisposition = None
    claimed_resolved: f.ClaimedResolved = None
    sla_met: f.SlaMet = None

    @override
    def to_event(self) -> facts.ContactEnded:
        return facts.ContactEnded(
            self.event_id,
            self.occurred_at,
            self.source,
            self.contact_id,
            f.to_millis(self.talk_s),
            f.to_millis(self.hold_s),
            f.to_millis(self.wrap_s),
            f.to_millis(self.self_service_s),
            self.disposition or None,
            self.claimed_resolved,
            self.sla_met,
        )


class SurveyAnswered(Wire):
    """The customer answered a survey about the contact."""

    model_config = ConfigDict(json_schema_extra=one_of(csat=SCORE, nps=SCORE))

    type: Annotated[Literal["survey.answered"], f.TYPE]
    contact_id: f.ContactId
    customer_id: f.MaybeCustomerId = None
    csat: f.Csat = None
    nps: f.Nps = None

    @model_validator(mode="after")
    def _answers_something(self) -> Self:
        return self.require_one("csat", "nps")

    @override
    def to_event(self) -> facts.SurveyAnswered:
        return facts.SurveyAnswered(
            self.event_id,
            self.occurred_at,
            self.source,
            self.contact_id,
            self.customer_id or None,
            self.csat,
            self.nps,
        )
