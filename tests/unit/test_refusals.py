"""What is no event is refused, with a reason for machines and words for people."""

import json
from typing import Any

import pytest

from streams.contracts import dead_letters
from streams.contracts.dead_letters import DeadLetter
from streams.contracts.decode import MAX_BYTES, decode
from streams.contracts.refusals import MAX_DETAIL, BadRecord, Reason
from tests.wire_examples import ACTION, DENIED, ENDED, NOW, OFFERED, SURVEY, UPDATED


def wire(record: object) -> bytes:
    return json.dumps(record).encode()


def refusal(raw: bytes) -> BadRecord:
    with pytest.raises(BadRecord) as caught:
        decode(raw, NOW)
    return caught.value


@pytest.mark.parametrize(
    "told",
    [
        "2026-03-01T10:00:00",
        "2026-03-01",
        "2026-03-01T10:00Z",
        "1772359200",
        1772359200,
        1.5,
        True,
        None,
        "",
        [],
        "now",
    ],
)
def test_a_time_without_an_offset_or_that_is_no_text_is_refused_with_an_example(told: object) -> None:
    bad = refusal(wire({**OFFERED, "occurred_at": told}))
    assert bad.reason == Reason.SCHEMA
    assert bad.detail.startswith("occurred_at: ")
    assert "RFC 3339 text with an offset, such as 2026-03-01T10:00:00.250Z" in bad.detail


@pytest.mark.parametrize(
    "told",
    [
        "2026-02-30T10:00:00Z",
        "2026-03-01T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "2026-03-01T10:00:00+24:00",
        "0000-01-01T00:00:00Z",
    ],
)
def test_a_time_that_the_calendar_does_not_have_is_refused(told: str) -> None:
    bad = refusal(wire({**OFFERED, "occurred_at": told}))
    assert bad.reason == Reason.SCHEMA
    assert "is no time of the calendar" in bad.detail


@pytest.mark.parametrize(
    "told",
    [
        "1999-12-31T23:59:59.999Z",
        "0001-01-01T00:00:00+10:00",
        "2026-03-01T11:00:00.001Z",
        "9999-12-31T23:59:59-10:00",
    ],
)
def test_an_absurd_time_is_refused_before_it_can_drag_the_clock_along(told: str) -> None:
    assert refusal(wire({**OFFERED, "occurred_at": told})).reason == Reason.TIME_OUT_OF_RANGE


@pytest.mark.parametrize("seconds", [-0.001, 2_678_400.5, True, "12", [], 10**400])
def test_a_duration_that_is_negative_absurd_or_no_number_is_refused(seconds: object) -> None:
    bad = refusal(wire({**ENDED, "talk_s": seconds}))
    assert bad.reason in (Reason.SCHEMA, Reason.NOT_JSON)


@pytest.mark.parametrize(
    ("record", "detail"),
    [
        ({"source": "x", "type": "clock.tick"}, "event_id: is missing; occurred_at: is missing"),
        (OFFERED | {"channel": ""}, "channel: should have at least 1 character, not ''"),
        (OFFERED | {"queue": "q" * 201}, "queue: should have at most 200 characters, not 'qqqq"),
        (OFFERED | {"contact_id": "a\tb"}, "contact_id: 'a\\tb' holds a control character; leave it out"),
        (OFFERED | {"contact_id": "a\x85b"}, "contact_id: 'a\\x85b' holds a control character; leave it out"),
        (OFFERED | {"contact_id": 7}, "contact_id: should be a valid string, not 7"),
        (OFFERED | {"direction": "up"}, "direction: should be 'inbound' or 'outbound', not 'up'"),
        (ENDED | {"claimed_resolved": "yes"}, "claimed_resolved: should be a valid boolean, not 'yes'"),
        (UPDATED, "record: needs at least one of reason, product, case_id, queue, team, sla_met"),
        (UPDATED | {"queue": "", "team": None}, "record: needs at least one of reason"),
        (SURVEY, "record: needs at least one of csat, nps"),
        (SURVEY | {"csat": 0}, "csat: should be greater than or equal to 1, not 0"),
        (SURVEY | {"csat": 4.5}, "csat: should be a valid integer, not 4.5"),
        (SURVEY | {"nps": 11}, "nps: should be less than or equal to 10, not 11"),
        (DENIED, "record: needs at least one of contact_id, case_id, reason"),
        (ACTION | {"note": "n" * 2001}, "note: should have at most 2000 characters"),
        (OFFERED | {"type": None}, "type: is missing; give the type of event, such as contact.offered"),
        (OFFERED | {"type": ["x"]}, "type: ['x'] is not a text; give the type of event, such as contact.offered"),
        (
            {"type": "contact.offered"},
            "event_id: is missing; occurred_at: is missing; source: is missing; and 2 more",
        ),
    ],
)
def test_a_broken_field_is_named_with_what_would_be_right(record: dict[str, Any], detail: str) -> None:
    bad = refusal(wire(record))
    assert bad.reason == Reason.SCHEMA
    assert bad.detail.startswith(detail)


def test_an_unknown_type_is_refused_with_the_nearest_one() -> None:
    bad = refusal(wire({**OFFERED, "type": "contact.ofered"}))
    assert bad.reason == Reason.UNKNOWN_TYPE
    assert bad.detail == "type: 'contact.ofered' is unknown; did you mean contact.offered?"


def test_an_unknown_type_that_resembles_none_is_refused_with_where_to_look() -> None:
    assert refusal(wire({**OFFERED, "type": "zzz"})).detail.endswith("the JSON Schema lists the 20 types")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"{", Reason.NOT_JSON),
        (wire(OFFERED)[:-1], Reason.NOT_JSON),
        (wire(OFFERED) * 2, Reason.NOT_JSON),
        (b"\xef\xbb\xbf{}", Reason.NOT_JSON),
        (b'{"a":NaN}', Reason.NOT_JSON),
        (b'{"a":Infinity}', Reason.NOT_JSON),
        (b'{"a":1e999}', Reason.NOT_JSON),
        (b'{"a":"\\ud800"}', Reason.NOT_JSON),
        (b'{"a":"\\udc00\\ud800"}', Reason.NOT_JSON),
        (b'{"a":"\xff"}', Reason.NOT_UTF8),
        (b'{"a":"\xed\xa0\x80"}', Reason.NOT_UTF8),
        ('{"a":"ü"}'.encode("latin-1"), Reason.NOT_UTF8),
        ('{"a":1}'.encode("utf-16"), Reason.NOT_UTF8),
        (b"[" * 100_000 + b"]" * 100_000, Reason.TOO_DEEP),
        (b"[{}]", Reason.NOT_AN_OBJECT),
        (b"null", Reason.NOT_AN_OBJECT),
        (b'"text"', Reason.NOT_AN_OBJECT),
        (b" " * (MAX_BYTES + 1), Reason.TOO_LARGE),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_what_is_not_one_json_object_in_utf8_is_refused_with_a_reason(raw: bytes, reason: Reason) -> None:
    assert refusal(raw).reason == reason


def test_half_a_surrogate_pair_is_refused_even_where_nobody_looks_since_it_could_never_be_written_again() -> None:
    bad = refusal(wire(OFFERED)[:-1] + b',"mood":"\\ud83d"}')
    assert bad.reason == Reason.NOT_JSON
    assert "only come in pairs" in bad.detail


def test_a_detail_is_short_and_on_one_line_whatever_was_sent() -> None:
    monster = dict.fromkeys(("event_id", "contact_id", "channel", "queue", "occurred_at"), "\n" * 5_000)
    detail = refusal(wire({**OFFERED, **monster})).detail
    assert len(detail) <= MAX_DETAIL
    assert detail.isprintable()


def test_the_detail_of_a_bad_record_is_cut_to_what_is_allowed() -> None:
    bad = BadRecord(Reason.SCHEMA, "x" * 1_000)
    assert len(bad.detail) == MAX_DETAIL
    assert str(bad) == f"schema: {bad.detail}"


def test_a_dead_letter_says_in_its_headers_where_it_was_and_why_it_was_refused() -> None:
    letter = DeadLetter(
        value=b"\xff",
        key=None,
        topic="interactions",
        partition=3,
        offset=17,
        reason=Reason.NOT_UTF8,
        detail="record: byte 0 is not UTF-8…",
        received_at=NOW,
    )
    assert dict(letter.headers()) == {
        dead_letters.HEADER_REASON: b"not_utf8",
        dead_letters.HEADER_DETAIL: "record: byte 0 is not UTF-8…".encode(),
        dead_letters.HEADER_TOPIC: b"interactions",
        dead_letters.HEADER_PARTITION: b"3",
        dead_letters.HEADER_OFFSET: b"17",
        dead_letters.HEADER_RECEIVED_AT: b"1772359200000",
    }
