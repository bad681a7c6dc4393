"""The wire contract: what is an event, and what it is read as."""

import json
from typing import Any

import pytest

from streams.contracts.decode import EARLIEST, MAX_AHEAD, MAX_BYTES, decode
from streams.contracts.encode import encode
from streams.domain import events as facts
from tests.wire_examples import ENDED, EXAMPLES, NOW, OFFERED, UPDATED, WHO


def wire(record: object) -> bytes:
    return json.dumps(record).encode()


@pytest.mark.parametrize(("record", "event"), EXAMPLES, ids=lambda value: str(getattr(value, "get", repr)("type")))
def test_every_type_of_event_is_read_and_written(record: dict[str, Any], event: facts.Event) -> None:
    assert decode(wire(record), NOW) == event
    assert decode(encode(event), NOW) == event


def test_the_examples_cover_every_type_of_event() -> None:
    assert {type(event) for _, event in EXAMPLES} == set(facts.TYPE_OF)


def test_what_is_as_usual_is_left_out_of_what_is_written() -> None:
    event = facts.ContactOffered("e-1", NOW + 250, "telephony", "c-1", "voice")
    assert encode(event) == (
        b'{"event_id":"e-1","type":"contact.offered","occurred_at":"2026-03-01T10:00:00.250Z",'
        b'"source":"telephony","contact_id":"c-1","channel":"voice"}'
    )


def test_unknown_fields_are_ignored() -> None:
    assert decode(wire({**OFFERED, "mood": {"of": ["the", "day"]}}), NOW) == decode(wire(OFFERED), NOW)


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_in_an_optional_field_mean_that_it_is_not_known(nothing: str | None) -> None:
    fields = ("customer_id", "queue", "team", "reason", "product", "case_id")
    assert decode(wire({**OFFERED, **dict.fromkeys(fields, nothing)}), NOW) == decode(wire(OFFERED), NOW)


def test_a_null_direction_is_inbound() -> None:
    assert decode(wire({**OFFERED, "direction": None}), NOW) == decode(wire(OFFERED), NOW)


def test_nothing_is_stripped_from_a_label() -> None:
    event = decode(wire({**OFFERED, "queue": " billing "}), NOW)
    assert isinstance(event, facts.ContactOffered)
    assert event.queue == " billing "


def test_of_a_field_that_comes_twice_the_last_one_counts() -> None:
    event = decode(wire(OFFERED)[:-1] + b',"channel":"chat"}', NOW)
    assert isinstance(event, facts.ContactOffered)
    assert event.channel == "chat"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-01T10:00:00Z", NOW),
        ("2026-03-01t10:00:00z", NOW),
        ("2026-03-01T11:30:00+01:30", NOW),
        ("2026-03-01T05:00:00-05:00", NOW),
        ("2026-03-01T09:59:59.999999999Z", NOW - 1),
        ("2026-03-01T10:00:00.0019Z", NOW + 1),
        ("2026-03-01T11:00:00Z", NOW + MAX_AHEAD),
        ("2000-01-01T00:00:00Z", EARLIEST),
    ],
)
def test_a_time_is_kept_in_utc_to_the_millisecond_with_the_rest_cut_off(text: str, at: int) -> None:
    assert decode(wire({**OFFERED, "occurred_at": text}), NOW).occurred_at == at


@pytest.mark.parametrize(
    ("seconds", "millis"), [(0, 0), (0.29, 290), (1.001, 1001), (0.0004, 0), (2_678_400, 2_678_400_000)]
)
def test_a_duration_is_rounded_to_the_millisecond(seconds: float, millis: int) -> None:
    event = decode(wire({**ENDED, "talk_s": seconds}), NOW)
    assert isinstance(event, facts.ContactEnded)
    assert event.talk == millis


def test_an_update_that_only_says_that_the_target_was_missed_says_something() -> None:
    event = decode(wire({**UPDATED, "sla_met": False}), NOW)
    assert event == facts.ContactUpdated(*WHO, "c-1", sla_met=False)


def test_a_record_of_the_largest_size_is_read() -> None:
    raw = wire(OFFERED)
    assert decode(raw + b" " * (MAX_BYTES - len(raw)), NOW) == decode(raw, NOW)
