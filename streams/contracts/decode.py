"""From the bytes of a record to the fact that it reports. This is the hot path: one call for each event of the log.

What JSON leaves open: of a field that comes twice the last one counts; ``NaN``, ``Infinity`` and half a surrogate pair
are refused, in fields that are ignored too.
"""

from typing import Final

import orjson
from pydantic import ValidationError

from streams.contracts import cloudevents, times
from streams.contracts.interactions import INTERACTION, Interaction
from streams.contracts.refusals import BadRecord, Reason, breaks_schema, not_an_object, not_json, untyped
from streams.domain.events import Event
from streams.domain.units import DAY, HOUR, SECOND, Millis

__all__ = ["EARLIEST", "MAX_AHEAD", "MAX_BYTES", "BadRecord", "Reason", "decode"]

MAX_BYTES: Final = 256 * 1024
"""Size of the largest record that is read; an event is some hundred bytes."""

EARLIEST: Final[Millis] = times.millis_of("2000-01-01T00:00:00Z")
MAX_AHEAD: Final[Millis] = HOUR
"""How far ahead of its arrival an event may say that it happened. Time in the log is what events say, so an absurd
one would drag the clock along and make everything after it late."""

# The validator itself: what TypeAdapter.validate_python adds to it costs a tenth of the whole. Parsing by itself and
# validating the object takes as long as both in one go, and shows what is an envelope.
_validate = INTERACTION.validator.validate_python


def decode(raw: bytes, received_at: Millis) -> Event:
    """Return the event that a record holds, bare or in a CloudEvents envelope.

    Args:
        raw: the value of the record.
        received_at: when it arrived, to judge the time that it tells.

    Raises:
        BadRecord: it is no event. Nothing else is ever raised, whatever the bytes are.
    """
    if len(raw) > MAX_BYTES:
        raise BadRecord(Reason.TOO_LARGE, f"record: {len(raw)} bytes; at most {MAX_BYTES} are read")
    try:
        record = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise not_json(raw, error) from None
    if type(record) is not dict:
        raise not_an_object(record)
    if "specversion" in record and cloudevents.is_envelope(record):
        record = cloudevents.unwrap(record)
    if type(record.get("type")) is not str:
        raise untyped(record.get("type"))
    try:
        interaction: Interaction = _validate(record)
    except ValidationError as error:
        raise breaks_schema(error) from None
    at = interaction.occurred_at
    if not EARLIEST <= at <= received_at + MAX_AHEAD:
        raise BadRecord(Reason.TIME_OUT_OF_RANGE, _out_of_range(at, received_at))
    return interaction.to_event()


def _out_of_range(at: Millis, received_at: Millis) -> str:
    # Differences are told rather than the time itself, which may lie beyond the years that can be written.
    if at < EARLIEST:
        days = (EARLIEST - at) // DAY + 1
        return f"occurred_at: is {days} day(s) before {times.rfc3339(EARLIEST)}; send the time at which it happened"
    ahead, allowed = (at - received_at) / SECOND, MAX_AHEAD // SECOND
    return f"occurred_at: is {ahead} s after its arrival, at most {allowed} s is allowed; check clock and offset"
