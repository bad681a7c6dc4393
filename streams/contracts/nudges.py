"""The nudges topic on the wire: compact JSON, one record for each thing that a team lead is told."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from streams.domain.ledger import Labels
from streams.domain.nudges import Earlier, Nudge, NudgeKind, SpikeNudge
from streams.domain.units import Millis

EXPECTED: Final[Mapping[NudgeKind, str]] = {
    "repeat": "resolve_now",
    "waiting": "answer_now",
    "promise": "keep_promise",
    "spike": "remove_cause",
}
"""What is expected of whoever takes a nudge: solve the problem in this contact; take it out of the queue before the
customer gives up; bring the problem to an end before the promise is broken; find what causes so many to come again."""


def encode_nudge(nudge: Nudge | SpikeNudge) -> bytes:
    """Return a record of the nudges topic."""
    body = _of_spike(nudge) if isinstance(nudge, SpikeNudge) else _of_contact(nudge)
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)


def _head(nudge: Nudge | SpikeNudge, kind: NudgeKind, place: Labels, reason: str) -> dict[str, Any]:
    queue, team, channel = place
    return {
        "type": "nudge.issued",
        "nudge_id": nudge.nudge_id,
        "kind": kind,
        "occurred_at": _time(nudge.at),
        "expires_at": _time(nudge.expires_at),
        "queue": queue,
        "team": team,
        "channel": channel,
        "reason": reason,
        "expected": EXPECTED[kind],
    }


def _of_contact(nudge: Nudge) -> Mapping[str, Any]:
    contact = nudge.contact
    body = _head(nudge, nudge.kind, contact.arrived, contact.reason_label)
    body |= {
        "contact_id": contact.contact_id,
        "customer_id": contact.customer_id,
        "arrived_at": _time(contact.arrived_at),
        "evidence": nudge.evidence,
        "attempt": nudge.attempt,
        "effort_ms": nudge.effort,
        "earlier": [_earlier(one) for one in nudge.earlier],
    }
    if nudge.kind == "waiting":
        body["waiting_since"] = _time(nudge.since)
    if nudge.kind == "promise":
        body |= {"opened_at": _time(nudge.since), "due_at": _time(nudge.due_at)}
    if nudge.provisional:
        body["provisional"] = True
    return body


def _of_spike(nudge: SpikeNudge) -> Mapping[str, Any]:
    return _head(nudge, "spike", nudge.place, nudge.reason) | {
        "started_at": _time(nudge.since),
        "contacts": nudge.contacts,
        "expected_contacts": nudge.expected,
    }


def _earlier(earlier: Earlier) -> Mapping[str, Any]:
    queue, team, channel = earlier.place
    return {
        "contact_id": earlier.contact_id,
        "arrived_at": _time(earlier.arrived_at),
        "ended_at": _time(earlier.ended_at),
        "queue": queue,
        "team": team,
        "channel": channel,
        "reason": earlier.reason,
        "abandoned": earlier.abandoned,
        "claimed_resolved": earlier.claimed_resolved,
    }


def _time(at: Millis | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC)
