"""The outcomes topic on the wire: compact JSON, one record for each thing that became known of a contact.

What later facts change is said again. ``demand.classified`` and ``contact.ended`` take the place of those before, as
does ``outcome.seen`` of those with the same ``by``: its ``evidence`` is null where nothing shows it any more. After
``contact.withdrawn`` nothing holds that was said of the contact as this customer's; after ``nudge.withdrawn`` the
nudge is not about that contact.

``customer_id`` is null in what is told of a stranger's contact: one that has ended and whose customer nobody knows. It
is withdrawn as such when its customer becomes known, and told of anew as theirs. Where the topic has partitions, either
may come first, since records have the customer as key, or the contact where there is none.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from streams.domain import outcomes as o
from streams.domain.contact import Contact
from streams.domain.judgement import Demand
from streams.domain.ledger import Labels
from streams.domain.units import Millis


def encode_outcome(outcome: o.Outcome) -> bytes:
    """Return a record of the outcomes topic."""
    return orjson.dumps(_BODY[type(outcome)](outcome), option=orjson.OPT_UTC_Z)


def _time(at: Millis) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)


def _demand(outcome: o.DemandClassified) -> Mapping[str, Any]:
    body = _about("demand.classified", outcome.occurred_at, outcome.contact, outcome.contact.arrived)
    body |= _what(outcome.demand)
    if outcome.restates is not None:
        body["restates"] = _what(outcome.restates)
    return body


def _what(demand: Demand) -> Mapping[str, Any]:
    if demand.demand != "failure":
        return {"demand": demand.demand, "link": demand.link}
    queue, team, channel = demand.origin
    origin = {"contact_id": demand.origin_id, "queue": queue, "team": team, "channel": channel}
    return {"demand": demand.demand, "evidence": demand.evidence, "link": demand.link, "origin": origin}


def _seen(outcome: o.OutcomeSeen) -> Mapping[str, Any]:
    body = _about("outcome.seen", outcome.occurred_at, outcome.contact, outcome.contact.ended)
    body["by"] = outcome.by
    seen = outcome.seen
    body["evidence"] = None if seen is None else {"id": seen.ref, "at": _time(seen.at)}
    body["windows"] = outcome.windows
    return body


def _verdict(outcome: o.VerdictReached) -> Mapping[str, Any]:
    of, (due, window, verdict, closing) = outcome.of, outcome.maturity
    queue, team, channel = of.ended
    body: dict[str, Any] = {
        "type": "verdict.reached",
        "occurred_at": _time(outcome.occurred_at),
        "contact_id": of.contact_id,
        "customer_id": of.customer_id,
        "queue": queue,
        "team": team,
        "channel": channel,
        "reason": of.reason,
        "handled": of.handled == "true",
        "window": window,
        "due": _time(due),
    }
    if verdict is not None:
        body["verdict"] = verdict
    if outcome.restates is not None:
        body["restates"] = outcome.restates
    if closing is not None:
        body["problem"] = {
            "verdict": closing.verdict,
            "contacts": closing.contacts,
            "duration_ms": closing.duration,
            "effort_ms": closing.effort,
        }
    return body


def _unlinkable(outcome: o.ContactUnlinkable) -> Mapping[str, Any]:
    return _about("contact.unlinkable", outcome.occurred_at, outcome.contact, outcome.contact.ended)


def _closed(outcome: o.ContactClosed) -> Mapping[str, Any]:
    contact = outcome.contact
    body = _about("contact.ended", outcome.occurred_at, contact, contact.ended)
    body |= {
        "handled": not contact.abandoned,
        "linkable": outcome.linkable,
        "claimed_resolved": contact.claimed_resolved,
        "in_threshold": contact.in_threshold,
        "sla_met": contact.sla_met,
        "handle_ms": contact.handle,
        "effort_ms": contact.effort,
    }
    if outcome.restates:
        body["restates"] = True
    return body


def _withdrawn(outcome: o.ContactWithdrawn) -> Mapping[str, Any]:
    return _about("contact.withdrawn", outcome.occurred_at, outcome.contact, outcome.contact.arrived)


def _nudge_withdrawn(outcome: o.NudgeWithdrawn) -> Mapping[str, Any]:
    nudged = outcome.nudged
    queue, team, channel = nudged.place
    return {
        "type": "nudge.withdrawn",
        "occurred_at": _time(outcome.occurred_at),
        "nudge_id": nudged.nudge_id,
        "contact_id": nudged.contact_id,
        "customer_id": outcome.customer_id,
        "queue": queue,
        "team": team,
        "channel": channel,
    }


def _responded(outcome: o.NudgeResponded) -> Mapping[str, Any]:
    action, contact = outcome.action, outcome.contact
    queue, team, channel = outcome.place
    return {
        "type": "nudge.answered",
        "occurred_at": _time(outcome.occurred_at),
        "nudge_id": action.nudge_id,
        "contact_id": contact.contact_id if contact is not None else None,
        "customer_id": contact.customer_id if contact is not None else None,
        "queue": queue,
        "team": team,
        "channel": channel,
        "reason": outcome.reason,
        "action": action.action,
        "actor": action.actor,
        "note": action.note,
    }


def _about(kind: str, occurred_at: Millis, contact: Contact, place: Labels) -> dict[str, Any]:
    queue, team, channel = place
    return {
        "type": kind,
        "occurred_at": _time(occurred_at),
        "contact_id": contact.contact_id,
        "customer_id": contact.customer_id or None,
        "queue": queue,
        "team": team,
        "channel": channel,
        "reason": contact.reason_label,
        "arrived_at": _time(contact.arrived_at),
        "ended_at": _time(contact.ends[0]) if contact.ends else None,
    }


_BODY: Mapping[type, Callable[[Any], Mapping[str, Any]]] = {
    o.DemandClassified: _demand,
    o.OutcomeSeen: _seen,
    o.VerdictReached: _verdict,
    o.ContactUnlinkable: _unlinkable,
    o.ContactClosed: _closed,
    o.ContactWithdrawn: _withdrawn,
    o.NudgeWithdrawn: _nudge_withdrawn,
    o.NudgeResponded: _responded,
}
