"""Events of calls as tests of nudging write them, and an engine that takes them one by one as time goes on."""

import json
from collections.abc import Sequence
from typing import Any

from streams.domain.units import Millis
from streams.engines.embedded import EmbeddedEngine
from tests.journeys import Event, wire


def event(kind: str, at: Millis, event_id: str, **more: object) -> Event:
    return {"type": kind, "at": at, "event_id": event_id, **more}


def offered(contact: str, customer: str | None, at: Millis, **more: object) -> Event:
    """A call of a customer about an invoice, to billing."""
    usual = {"customer_id": customer, "channel": "voice", "queue": "billing", "team": "payments", "reason": "invoice"}
    known = {name: value for name, value in (usual | more).items() if value is not None}
    return event("contact.offered", at, f"offered-{contact}", contact_id=contact, **known)


def ended(contact: str, at: Millis) -> Event:
    return event("contact.ended", at, f"ended-{contact}", contact_id=contact, talk_s=60)


def identified(contact: str, customer: str, at: Millis) -> Event:
    return event("contact.identified", at, f"identified-{contact}", contact_id=contact, customer_id=customer)


def acted(nudge_id: str, at: Millis) -> Event:
    return event("action.taken", at, f"acted-{nudge_id}", nudge_id=nudge_id, actor="lead", action="acted")


def play(engine: EmbeddedEngine, events: Sequence[Event], until: Millis) -> None:
    """Have an engine take events as they happen, and let time pass."""
    for one in sorted(events, key=lambda event: (event["at"], event["event_id"])):
        engine.ingest([wire(one)], one["at"], {})
    engine.advance(until)


def settled(engine: EmbeddedEngine) -> list[dict[str, Any]]:
    """Return the nudges that were told, but for those ahead of time."""
    nudges = [json.loads(record) for _, record in engine.nudges()]
    return [nudge for nudge in nudges if not nudge.get("provisional")]
