"""The kinds of field that events are made of: what each means, and what it may hold.

Descriptions are for readers of the JSON Schema and of a refusal, which quotes them. An optional text may come empty or
null as well as not at all, since many systems write an empty string for "unknown": all three mean that it is not known.
Nothing is stripped or folded, so ``" billing"`` is a queue of its own.
"""

from typing import Annotated, Final

from pydantic import Field, GetPydanticSchema, StringConstraints
from pydantic_core import CoreSchema, core_schema

from streams.contracts import times
from streams.domain.units import SECOND, Millis

MAX_TEXT: Final = 200
MAX_NUDGE_ID: Final = 700  # its kind, and the id or the queue and reason that it is about, where slashes are escaped
MAX_NOTE: Final = 2_000
MAX_SECONDS: Final = 31 * 86_400

NO_CONTROLS: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""Control characters in ids and labels break log lines, terminals and metrics, and mean nothing."""


def _time_schema(*_: object) -> CoreSchema:
    text = core_schema.str_schema(pattern=times.PATTERN, strict=True)
    return core_schema.no_info_after_validator_function(times.millis_of, text)


def to_millis(seconds: float | None) -> Millis | None:
    """Return a duration in whole milliseconds, to the nearest one, since binary fractions fall on either side."""
    return None if seconds is None else round(seconds * SECOND)


_Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT, pattern=NO_CONTROLS)]
_LongText = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NUDGE_ID, pattern=NO_CONTROLS)]
_MaybeText = Annotated[str, StringConstraints(max_length=MAX_TEXT, pattern=NO_CONTROLS)] | None
_MaybeSeconds = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)] | None

TYPE: Final = Field(description="What happened: the type of the event.")

Time = Annotated[
    Millis,
    GetPydanticSchema(_time_schema),
    Field(
        description="When it happened: RFC 3339 with an offset, which is required. Kept in UTC, to the millisecond.",
        json_schema_extra={"format": "date-time"},
        examples=[times.EXAMPLE, "2026-03-01T11:00:00+01:00"],
    ),
]
EventId = Annotated[_Text, Field(description="Unique id of this event. A repeat of it is a duplicate, and is ignored.")]
Source = Annotated[_Text, Field(description="The system that reports the event.", examples=["telephony"])]

ContactId = Annotated[_Text, Field(description="Id of the contact, the same in all events of it.")]
CustomerId = Annotated[_Text, Field(description="Id of the customer, the same on every channel.")]
CaseId = Annotated[_Text, Field(description="Id of the case (ticket, order, claim) that the problem is tracked by.")]
AgentId = Annotated[_Text, Field(description="Id of the agent.")]
Channel = Annotated[_Text, Field(description="Channel of the contact.", examples=["voice", "chat", "email"])]
Team = Annotated[_Text, Field(description="Team that the agent works in.")]
How = Annotated[_Text, Field(description="How the customer left.", examples=["cancelled", "chargeback", "complaint"])]
SpikedQueue = Annotated[_Text, Field(description="Queue that has caused the failure demand.")]
SpikedReason = Annotated[_Text, Field(description="Reason of the failure demand.")]
Since = Annotated[Time, Field(description="When it began to be more than is usual.")]
Contacts = Annotated[int, Field(ge=0, description="Failure-demand contacts since then.")]
Expected = Annotated[float, Field(ge=0, allow_inf_nan=False, description="Contacts that are usual in that time.")]
NudgeId = Annotated[_LongText, Field(description="Id of the nudge that was answered.")]
Actor = Annotated[_Text, Field(description="Who took the action.")]

MaybeContactId = Annotated[_MaybeText, Field(description="Id of the contact that it is about.")]
MaybeCustomerId = Annotated[_MaybeText, Field(description="Id of the customer, where known.")]
MaybeCaseId = Annotated[_MaybeText, Field(description="Id of the case (ticket, order, claim) that it is about.")]
MaybeAgentId = Annotated[_MaybeText, Field(description="Id of the agent.")]
MaybeQueue = Annotated[_MaybeText, Field(description="Queue that the contact is in.", examples=["billing"])]
MaybeTeam = Annotated[_MaybeText, Field(description="Team that the contact is with.")]
MaybeReason = Annotated[
    _MaybeText, Field(description="Why the customer needs us: an entry of the reason taxonomy.", examples=["chase"])
]
MaybeProduct = Annotated[_MaybeText, Field(description="Product or service that the problem is with.")]
MaybeDisposition = Annotated[_MaybeText, Field(description="Wrap-up code that the agent chose.")]
MaybeNote = Annotated[
    Annotated[str, StringConstraints(max_length=MAX_NOTE)] | None, Field(description="What the actor says about it.")
]
SlaMet = Annotated[
    bool | None, Field(description="Whether the source's own service-level target for the whole contact was met.")
]
ClaimedResolved = Annotated[
    bool | None, Field(description="Whether the agent or the system claims that the problem is solved.")
]
TalkSeconds = Annotated[_MaybeSeconds, Field(description="Seconds that agent and customer spoke or wrote.")]
HoldSeconds = Annotated[_MaybeSeconds, Field(description="Seconds that the customer was on hold.")]
WrapSeconds = Annotated[_MaybeSeconds, Field(description="Seconds that the agent worked on it after the talk.")]
SelfServiceSeconds = Annotated[
    _MaybeSeconds, Field(description="Seconds that the customer spent in self-service (voice menu, bot, site).")
]
Csat = Annotated[
    Annotated[int, Field(ge=1, le=5)] | None, Field(description="Satisfaction from 1 (worst) to 5 (best).")
]
Nps = Annotated[Annotated[int, Field(ge=0, le=10)] | None, Field(description="Likelihood to recommend, from 0 to 10.")]
