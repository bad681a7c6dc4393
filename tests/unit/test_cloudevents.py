"""CloudEvents 1.0 in structured mode: the envelope is taken off, and never seen where there is none."""

import base64
import json
from typing import Any

import pytest

from streams.contracts import times
from streams.contracts.decode import decode
from streams.contracts.refusals import BadRecord, Reason
from streams.domain import events as facts

NOW = times.millis_of("2026-03-01T10:00:00Z")
DATA = {"contact_id": "c-1", "channel": "voice"}
ENVELOPE = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "telephony",
    "type": "contact.offered",
    "time": "2026-03-01T10:00:00Z",
    "data": DATA,
}
OFFERED = facts.ContactOffered("e-1", NOW, "telephony", "c-1", "voice")


def wire(record: object) -> bytes:
    return json.dumps(record).encode()


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in ENVELOPE.items() if name not in names}


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def refusal(record: object) -> BadRecord:
    with pytest.raises(BadRecord) as caught:
        decode(wire(record), NOW)
    return caught.value


def test_what_the_data_lacks_comes_from_the_envelope() -> None:
    assert decode(wire(ENVELOPE), NOW) == OFFERED


def test_what_the_data_says_itself_counts() -> None:
    own = {
        "event_id": "own",
        "type": "contact.abandoned",
        "occurred_at": "2026-03-01T09:00:00Z",
        "source": "chat",
    }
    envelope = {**ENVELOPE, "type": "com.example.contact", "data": {**DATA, **own}}
    assert decode(wire(envelope), NOW) == facts.ContactAbandoned("own", NOW - 3_600_000, "chat", "c-1")


def test_null_in_the_data_is_taken_from_the_envelope() -> None:
    assert decode(wire({**ENVELOPE, "data": {**DATA, "event_id": None}}), NOW) == OFFERED


def test_extensions_and_other_attributes_are_ignored() -> None:
    more = {"subject": "s", "dataschema": "urn:x", "traceparent": "00-1-2-3", "partitionkey": 4}
    assert decode(wire({**ENVELOPE, **more}), NOW) == OFFERED


@pytest.mark.parametrize(
    "content_type",
    [None, "application/json", "Application/JSON; charset=utf-8", "text/json", "application/vnd.contact+json"],
)
def test_data_of_any_json_content_type_is_read(content_type: str | None) -> None:
    assert decode(wire({**ENVELOPE, "datacontenttype": content_type}), NOW) == OFFERED


@pytest.mark.parametrize("content_type", ["application/xml", "text/plain", "json", "application/jsonp", ""])
def test_data_of_another_content_type_is_refused(content_type: str) -> None:
    bad = refusal({**ENVELOPE, "datacontenttype": content_type})
    assert bad.reason == Reason.ENVELOPE
    assert bad.detail == (f"datacontenttype: {content_type!r} can't be read; send application/json or leave it out")


def test_data_in_base64_is_read() -> None:
    assert decode(wire({**without("data"), "data_base64": in_base64(wire(DATA))}), NOW) == OFFERED


def test_an_event_that_needs_no_data_needs_none() -> None:
    tick = {**without("data"), "type": "clock.tick"}
    assert decode(wire(tick), NOW) == facts.ClockTicked("e-1", NOW, "telephony")


@pytest.mark.parametrize(
    ("envelope", "detail"),
    [
        (ENVELOPE | {"specversion": "0.3"}, "specversion: should be '1.0', not '0.3'"),
        (ENVELOPE | {"specversion": 1.0}, "specversion: should be '1.0', not 1.0"),
        (without("id"), "id: is missing"),
        (ENVELOPE | {"id": ""}, "id: should have at least 1 character, not ''"),
        (without("source"), "source: is missing"),
        (without("type"), "type: is missing"),
        (without("time"), "time: is missing, and data has no occurred_at"),
        (ENVELOPE | {"time": 1772359200}, "time: should be a valid string, not 1772359200"),
        (ENVELOPE | {"data": [DATA]}, "data: should be a valid dictionary, not ["),
        (ENVELOPE | {"data": "{}"}, "data: should be a valid dictionary, not '{}'"),
        (ENVELOPE | {"data_base64": in_base64(b"{}")}, "data_base64: comes beside data; send one of them"),
        (without("data") | {"data_base64": "?"}, "data_base64: is not JSON in base64"),
        (without("data") | {"data_base64": "ü"}, "data_base64: is not JSON in base64"),
        (without("data") | {"data_base64": in_base64(b"<xml/>")}, "data_base64: is not JSON in base64"),
        (without("data") | {"data_base64": in_base64(b"[" * 90_000)}, "data_base64: is not JSON in base64"),
        (without("data") | {"data_base64": in_base64(b"[]")}, "data_base64: holds [], not a JSON object"),
    ],
)
def test_a_broken_envelope_is_refused_with_the_attribute(envelope: dict[str, Any], detail: str) -> None:
    bad = refusal(envelope)
    assert bad.reason == Reason.ENVELOPE
    assert bad.detail.startswith(detail)


def test_what_is_in_the_envelope_is_judged_like_any_event() -> None:
    assert refusal({**ENVELOPE, "type": "com.example.contact.offered"}).reason == Reason.UNKNOWN_TYPE
    assert refusal({**ENVELOPE, "data": {}}).detail == "contact_id: is missing; channel: is missing"
    assert refusal({**ENVELOPE, "time": "2026-03-01T10:00:00"}).reason == Reason.SCHEMA
    assert refusal({**ENVELOPE, "time": "2036-03-01T10:00:00Z"}).reason == Reason.TIME_OUT_OF_RANGE


@pytest.mark.parametrize("value", ["1.0", "0.3", 7, None, {"specversion": "1.0"}])
def test_an_event_with_a_field_of_that_name_is_no_envelope(value: object) -> None:
    event = {
        "event_id": "e-1",
        "type": "contact.offered",
        "occurred_at": "2026-03-01T10:00:00Z",
        "source": "telephony",
        **DATA,
        "specversion": value,
        "data": {"contact_id": "another"},
    }
    assert decode(wire(event), NOW) == OFFERED


def test_a_customer_who_says_that_name_makes_no_envelope() -> None:
    event = {
        "event_id": '"specversion":"1.0"',
        "type": "contact.offered",
        "occurred_at": "2026-03-01T10:00:00Z",
        "source": "telephony",
        **DATA,
        "form": {"specversion": "1.0", "data": {}},
    }
    assert decode(wire(event), NOW).event_id == '"specversion":"1.0"'


def test_an_envelope_in_an_envelope_is_not_opened() -> None:
    assert refusal({**ENVELOPE, "data": ENVELOPE}).detail == "contact_id: is missing; channel: is missing"
