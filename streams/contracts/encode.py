"""From a fact to the bytes of a record, so that decoding them gives the fact back."""

from collections.abc import Mapping
from typing import Final

import orjson

from streams.contracts import times
from streams.domain.events import TYPE_OF, ContactEnded, DemandSpiked, Event
from streams.domain.units import SECOND, Millis

_IN_SECONDS: Final[Mapping[str, str]] = {
    "talk": "talk_s",
    "hold": "hold_s",
    "wrap": "wrap_s",
    "self_service": "self_service_s",
}
"""Durations, which are milliseconds inside, and their names on the wire."""


def encode(event: Event) -> bytes:
    """Return an event as compact JSON; what is unknown or as usual is left out.

    The event is trusted to hold what the schema allows: where it does not, decoding refuses what was written.

    Raises:
        TypeError: a text can't be written as UTF-8.
        OverflowError: the time is outside the years 1 to 9999.
    """
    record: dict[str, object] = {
        "event_id": event.event_id,
        "type": TYPE_OF[type(event)],
        "occurred_at": times.rfc3339(event.occurred_at),
    }
    usual = event._field_defaults
    told = zip(event._fields[2:], event[2:], strict=True)
    record |= {name: value for name, value in told if name not in usual or value != usual[name]}
    if isinstance(event, ContactEnded):
        _name_durations(record)
    elif isinstance(event, DemandSpiked):
        record["since"] = times.rfc3339(event.since)
    return orjson.dumps(record)


def _name_durations(record: dict[str, object]) -> None:
    for name, wire_name in _IN_SECONDS.items():
        duration = record.pop(name, None)
        if isinstance(duration, int):
            record[wire_name] = _seconds(duration)


def _seconds(duration: Millis) -> float:
    """Return whole seconds as a whole number: 12 rather than 12.0."""
    return duration / SECOND if duration % SECOND else duration // SECOND
