"""What all events have in common on the wire.

Unknown fields are ignored, so that a source may send more than we read, and a later version may add to this one.
``to_event`` builds each fact by position, since that takes a third of the time that keywords take.
"""

from abc import abstractmethod
from typing import Self

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from streams.contracts import fields as f
from streams.domain import events as facts

TEXT: JsonDict = {"type": "string", "minLength": 1}
FLAG: JsonDict = {"type": "boolean"}
SCORE: JsonDict = {"type": "integer"}


def one_of(**kinds: JsonDict) -> JsonDict:
    """Return the JSON Schema of what :meth:`Wire.require_one` demands: at least one of these fields, of these kinds."""
    return {"anyOf": [{"required": [name], "properties": {name: kind}} for name, kind in kinds.items()]}


class Wire(BaseModel):
    """What all events have in common."""

    model_config = ConfigDict(strict=True, extra="ignore")

    event_id: f.EventId
    type: str
    occurred_at: f.Time
    source: f.Source

    @abstractmethod
    def to_event(self) -> facts.Event:
        """Return the fact that the record reports."""

    def require_one(self, *names: str) -> Self:
        """Refuse a record in which none of these fields says anything."""
        if all(getattr(self, name) in (None, "") for name in names):
            kind, message = "nothing_said", "needs at least one of {names}"
            raise PydanticCustomError(kind, message, {"names": ", ".join(names)})
        return self
