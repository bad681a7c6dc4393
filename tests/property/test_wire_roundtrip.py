"""Whatever is written can be read again, and whatever is read is an event or a refusal, never a crash."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from streams.contracts import times
from streams.contracts.decode import EARLIEST, MAX_AHEAD, decode
from streams.contracts.encode import encode
from streams.contracts.refusals import MAX_DETAIL, BadRecord
from streams.contracts.schema import interactions_schema
from streams.domain import events as facts

NOW = times.millis_of("2026-03-01T10:00:00Z")
SCHEMA = Draft202012Validator(interactions_schema())

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200)
DURATION = st.integers(0, 31 * 86_400_000)
FIELDS: Mapping[str, st.SearchStrategy[Any]] = {
    "occurred_at": st.integers(EARLIEST, NOW + MAX_AHEAD),
    "direction": st.sampled_from(["inbound", "outbound"]),
    "demand": st.sampled_from(["value", "failure"]),
    "state": st.sampled_from(["handling", "available", "break", "offline"]),
    "action": st.sampled_from(["acknowledged", "acted", "dismissed"]),
    "note": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=2_000),
    "claimed_resolved": st.booleans(),
    "sla_met": st.booleans(),
    "csat": st.integers(1, 5),
    "nps": st.integers(0, 10),
    "since": st.integers(EARLIEST, NOW + MAX_AHEAD),
    "contacts": st.integers(0, 2**31),
    "expected": st.floats(0, 1e9),
    **dict.fromkeys(("talk", "hold", "wrap", "self_service"), DURATION),
}
NEEDS_ONE = {
    facts.ContactUpdated: ("reason", "product", "case_id", "queue", "team", "sla_met"),
    facts.OutcomeConfirmed: ("contact_id", "case_id", "reason"),
    facts.OutcomeDenied: ("contact_id", "case_id", "reason"),
    facts.SurveyAnswered: ("csat", "nps"),
}


def events_of(kind: type[facts.Event]) -> st.SearchStrategy[facts.Event]:
    fields = {}
    for name in kind._fields:
        field = FIELDS.get(name, TEXT)
        usual = kind._field_defaults.get(name, field)
        fields[name] = field if usual is field else st.just(usual) | field
    events: st.SearchStrategy[facts.Event] = st.builds(kind, **fields)
    needed = NEEDS_ONE.get(kind, ())
    return events.filter(lambda event: not needed or any(getattr(event, name) is not None for name in needed))


EVENTS = st.sampled_from(list(facts.TYPE_OF)).flatmap(events_of)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=250),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def damaged_bytes(draw: st.DrawFn) -> bytes:
    """Return a valid record of which some bytes were cut out, overwritten or put in."""
    raw = bytearray(encode(draw(EVENTS)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(raw)))
        raw[start : start + draw(st.integers(0, 20))] = draw(st.binary(max_size=20))
    return bytes(raw)


@st.composite
def damaged_records(draw: st.DrawFn) -> dict[str, Any]:
    """Return a valid record of which some fields were dropped or replaced, in an envelope now and then."""
    record: dict[str, Any] = json.loads(encode(draw(EVENTS)))
    names = [*record, "specversion", "queue", "csat", "talk_s", "direction"]
    for name in draw(st.lists(st.sampled_from(names), max_size=3)):
        if draw(st.booleans()):
            record.pop(name, None)
        else:
            record[name] = draw(JSON | st.sampled_from(list(facts.TYPE_OF.values())))
    return record


def read(raw: bytes) -> facts.Event | None:
    """Return the event, or nothing if it was refused the way that it should be."""
    try:
        return decode(raw, NOW)
    except BadRecord as bad:
        detail = bad.detail
    assert 0 < len(detail) <= MAX_DETAIL
    assert detail.isprintable()
    return None


@given(EVENTS)
def test_an_event_that_was_written_is_read_as_it_was(event: facts.Event) -> None:
    assert decode(encode(event), NOW) == event


@given(EVENTS)
def test_what_is_written_follows_the_schema(event: facts.Event) -> None:
    SCHEMA.validate(json.loads(encode(event)))


@given(EVENTS)
def test_an_envelope_changes_nothing(event: facts.Event) -> None:
    data = json.loads(encode(event))
    envelope = {"specversion": "1.0", "id": data.pop("event_id"), "time": data.pop("occurred_at"), "data": data}
    envelope |= {"type": data.pop("type"), "source": data.pop("source")}
    assert decode(json.dumps(envelope).encode(), NOW) == event


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_read_or_refused(raw: bytes) -> None:
    read(raw)


@given(damaged_bytes())
def test_a_damaged_record_is_read_or_refused(raw: bytes) -> None:
    event = read(raw)
    assert event is None or decode(encode(event), NOW) == event


@given(damaged_records())
def test_what_is_read_the_schema_accepts_and_can_be_written_again(record: dict[str, Any]) -> None:
    event = read(json.dumps(record).encode())
    if event is not None:
        SCHEMA.validate(record)
        assert decode(encode(event), NOW) == event


@given(
    st.fixed_dictionaries(
        {"specversion": st.just("1.0") | JSON},
        optional=dict.fromkeys(
            ("id", "source", "type", "time", "data", "data_base64", "datacontenttype", "event_id"),
            JSON | st.sampled_from(["clock.tick", "2026-03-01T10:00:00Z", "application/json", "e30="]),
        ),
    )
)
@example({"specversion": "1.0", "id": "e", "source": "s", "type": "clock.tick", "time": "2026-03-01T10:00:00Z"})
def test_an_arbitrary_envelope_is_read_or_refused(envelope: dict[str, Any]) -> None:
    read(json.dumps(envelope).encode())


@given(st.integers(times.millis_of("0001-01-01T00:00:00Z"), times.millis_of("9999-12-31T23:59:59.999Z")))
def test_a_time_that_was_written_is_read_as_it_was(at: int) -> None:
    assert times.millis_of(times.rfc3339(at)) == at


@pytest.mark.parametrize("depth", [100, 500, 1_000, 1_020, 1_100, 100_000])
@pytest.mark.parametrize("field", ["mood", "type", "event_id", "occurred_at", "specversion", "data"])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b"[", b""), (b'{"a":', b"}")])
def test_deep_nesting_anywhere_is_read_or_refused(field: str, depth: int, opening: bytes, closing: bytes) -> None:
    nested = opening * depth + (b"1" if b":" in opening else b"") + closing * depth
    valid = encode(facts.ClockTicked("e", NOW, "s"))
    read(valid[:-1] + b',"' + field.encode() + b'":' + nested + b"}")
    read(b'{"specversion":"1.0","id":"e","source":"s","type":"t","' + field.encode() + b'":' + nested + b"}")
