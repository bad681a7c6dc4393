"""From the bytes of a record to the fact that it reports. This is the hot path: one call for each event of the log.

The parser decides what JSON does not: of a field that comes twice the last one counts, and ``NaN`` and ``Infinity`` are
let through only where nobody looks, in fields that are ignored anyway.
"""

from typing import Final

from pydantic import ValidationError
from pydantic_core import from_json

from streams.contracts import cloudevents, times
from streams.contracts.interactions import INTERACTION, Interaction
from streams.contracts.refusals import BadRecord, Reason, breaks_schema, not_an_object, not_json
from streams.domain.events import Event
from streams.domain.units import HOUR, Millis

MAX_BYTES: Final = 256 * 1024
"""Size of the largest record that is read; an event is some hundred bytes."""

EARLIEST: Final[Millis] = times.millis_of("2000-01-01T00:00:00Z")
MAX_AHEAD: Final[Millis] = HOUR
"""How far ahead of its arrival an event may say that it happened. Time in the log is what events say, so an absurd
one would drag the clock along and make everything after it late."""

_ENVELOPE_MARK: Final = b'"specversion"'

# The validator itself: what TypeAdapter.validate_json adds to it costs a tenth of the whole.
_read = INTERACTION.validator.validate_json
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
        interaction: Interaction = _open(raw) if _ENVELOPE_MARK in raw else _read(raw)
    except ValidationError as error:
        raise _refusal(raw, error) from None
    at = interaction.occurred_at
    if not EARLIEST <= at <= received_at + MAX_AHEAD:
        raise BadRecord(Reason.TIME_OUT_OF_RANGE, _out_of_range(at, received_at))
    return interaction.to_event()


def _open(raw: bytes) -> Interaction:
    """Read a record that may be an envelope: somewhere in it, if only in a customer's words, stands the mark of one."""
    try:
        record = from_json(raw)
    except ValueError:
        record = None
    if isinstance(record, dict) and cloudevents.is_envelope(record):
        return _validate(cloudevents.unwrap(record))
    return _read(raw)


def _refusal(raw: bytes, error: ValidationError) -> BadRecord:
    problem = error.errors(include_url=False, include_input=False)[0]
    if problem["type"] == "json_invalid":
        return not_json(raw, str(problem["ctx"]["error"]))
    record = from_json(raw)
    return breaks_schema(error) if isinstance(record, dict) else not_an_object(record)


def _out_of_range(at: Millis, received_at: Millis) -> str:
    told = times.rfc3339(at)
    if at < EARLIEST:
        return f"occurred_at: {told} is before {times.rfc3339(EARLIEST)}; send the time at which it happened"
    return (
        f"occurred_at: {told} is more than {MAX_AHEAD // 60_000} minutes after its arrival at "
        f"{times.rfc3339(received_at)}; check the clock and the offset of the source"
    )
