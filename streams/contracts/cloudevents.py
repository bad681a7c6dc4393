"""CloudEvents 1.0 in structured mode: the envelope around an event, taken off.

What the data does not say itself (``event_id``, ``type``, ``occurred_at``, ``source``), the envelope says with its
``id``, ``type``, ``time`` and ``source``. Other attributes and extensions are ignored.

A record is an envelope if it has a ``specversion`` and neither an ``event_id`` nor an ``occurred_at``. An event has
both, and an envelope can have neither, since names of its attributes may not hold an underscore: so an event that
happens to have a field of that name is never taken for an envelope.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streams.contracts.refusals import BadRecord, Reason, breaks_schema, show

_JSON = re.compile(r"[^/;\s]+/(?:json|[^/;\s]+\+json)\s*(?:;.*)?", re.IGNORECASE)

_Attribute = Annotated[str, Field(min_length=1)]


class _Envelope(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    specversion: Literal["1.0"]
    id: _Attribute
    source: _Attribute
    type: _Attribute
    time: str | None = None
    datacontenttype: str | None = None
    data: dict[str, Any] | None = None
    data_base64: str | None = None


def is_envelope(record: Mapping[str, object]) -> bool:
    """Say whether a JSON object is a CloudEvents envelope rather than an event."""
    return "specversion" in record and "event_id" not in record and "occurred_at" not in record


def unwrap(record: Mapping[str, object]) -> dict[str, object]:
    """Return the event in an envelope, as an object that is still to be validated.

    Raises:
        BadRecord: the envelope is of another version, lacks a required attribute, or holds no JSON object.
    """
    try:
        envelope = _Envelope.model_validate(record)
    except ValidationError as error:
        raise breaks_schema(error, Reason.ENVELOPE) from error
    content_type = envelope.datacontenttype
    if content_type is not None and not _JSON.fullmatch(content_type.strip()):
        detail = f"datacontenttype: {show(content_type)} can't be read; send application/json or leave it out"
        raise BadRecord(Reason.ENVELOPE, detail)
    event: dict[str, object] = {
        "event_id": envelope.id,
        "type": envelope.type,
        "occurred_at": envelope.time,
        "source": envelope.source,
    }
    event.update((name, value) for name, value in _data(envelope).items() if value is not None)
    if event["occurred_at"] is None:
        raise BadRecord(Reason.ENVELOPE, "time: is missing, and data has no occurred_at")
    return event


def _data(envelope: _Envelope) -> dict[str, Any]:
    if envelope.data_base64 is None:
        return envelope.data or {}
    if envelope.data is not None:
        raise BadRecord(Reason.ENVELOPE, "data_base64: comes beside data; send one of them")
    try:
        content = orjson.loads(b64decode(envelope.data_base64, validate=True))
    except ValueError as error:
        detail = f"data_base64: is not JSON in base64 ({show(str(error))}); send the event itself as data"
        raise BadRecord(Reason.ENVELOPE, detail) from error
    if not isinstance(content, dict):
        raise BadRecord(Reason.ENVELOPE, f"data_base64: holds {show(content)}, not a JSON object")
    return content
