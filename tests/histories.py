"""Small histories as files, and what a replay of them reports."""

import json
from pathlib import Path
from typing import Any

from streams.contracts.times import millis_of, rfc3339
from streams.domain.units import DAY, HOUR, MINUTE, Millis
from tests.cli import Ran

START = millis_of("2026-03-02T09:00:00Z")


def contact(name: str, at: Millis, queue: str = "billing", customer: str | None = None) -> list[bytes]:
    """Return the records of a contact of ten minutes that was answered and is claimed resolved."""
    common = {"source": "test", "contact_id": name}
    offered = {"customer_id": customer or name, "channel": "voice", "queue": queue, "reason": "invoice"}
    return [
        json.dumps(
            {"event_id": f"{name}-{kind}", "type": f"contact.{kind}", "occurred_at": rfc3339(when)} | common | more
        ).encode()
        for kind, when, more in (
            ("offered", at, offered),
            ("answered", at + 5_000, {}),
            ("ended", at + 10 * MINUTE, {"talk_s": 300, "claimed_resolved": True}),
        )
    ]


def write(path: Path, *records: bytes) -> Path:
    path.write_bytes(b"".join(record + b"\n" for record in records))
    return path


def history(path: Path) -> Path:
    """Write two contacts about one problem, two days apart, one about another, and then ten days of silence."""
    tick = json.dumps(
        {"event_id": "tick", "type": "clock.tick", "occurred_at": rfc3339(START + 12 * DAY), "source": "test"}
    ).encode()
    first, second = contact("a1", START, customer="ann"), contact("a2", START + 2 * DAY, customer="ann")
    return write(path, *first, *contact("b1", START + HOUR, "cards"), *second, tick)


def report(ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.out)
    return found
