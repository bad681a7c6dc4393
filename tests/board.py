"""Records of the two topics that the board reads, written by hand, and a centre that the engine has told of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import orjson

from streams.bootstrap import open_scratch_engine
from streams.contracts.times import rfc3339
from streams.domain.policy import Policy
from streams.domain.units import DAY, HOUR, MINUTE, Millis
from streams.engines.embedded.database import MEMORY
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.presets import demo_plan

Record = dict[str, Any]

MONDAY: Millis = 1_795_996_800_000 // (7 * DAY) * 7 * DAY + 4 * DAY
"""Midnight (UTC) at the beginning of a Monday."""


def at(days: float = 0, hours: float = 0, minutes: float = 0) -> Millis:
    """Return a time after that Monday began."""
    return MONDAY + round(days * DAY + hours * HOUR + minutes * MINUTE)


def head(contact: str, occurred_at: Millis, place: str = "billing/payments/voice", **more: object) -> dict[str, Any]:
    """Return what every record says of a contact."""
    queue, team, channel = place.split("/")
    record = {
        "occurred_at": rfc3339(occurred_at),
        "contact_id": contact,
        "customer_id": f"customer of {contact}",
        "queue": queue,
        "team": team,
        "channel": channel,
        "reason": "refund",
        "arrived_at": rfc3339(occurred_at),
        "ended_at": None,
    }
    return record | more


def failure(contact: str, when: Millis, origin: str | None = None, evidence: str = "recontact", **more: Any) -> Record:  # noqa: ANN401 - fields of a record
    """A contact arrives because an earlier one failed; it is charged to ``charged_to``, else to where it arrives."""
    queue, team, channel = more.pop("charged_to", more.get("place", "billing/payments/voice")).split("/")
    charged = {"contact_id": origin, "queue": queue, "team": team, "channel": channel}
    what = {"demand": "failure", "link": "reason", "evidence": evidence, "origin": charged}
    return {"type": "demand.classified"} | head(contact, when, **more) | what


def value(contact: str, when: Millis, **more: Any) -> Record:  # noqa: ANN401 - as above
    """A contact arrives because the customer wants what we are there for."""
    return {"type": "demand.classified", "demand": "value", "link": "first"} | head(contact, when, **more)


def ended(contact: str, when: Millis, **more: Any) -> Record:  # noqa: ANN401 - as above
    """A contact ends: handled in time within five minutes and claimed resolved, unless ``more`` says otherwise."""
    said = {
        "handled": True,
        "linkable": True,
        "claimed_resolved": True,
        "in_threshold": True,
        "sla_met": None,
        "handle_ms": 300_000,
        "effort_ms": 320_000,
        "ended_at": rfc3339(when),
    }
    return {"type": "contact.ended"} | head(contact, when) | said | head_of(more)


def seen(contact: str, ended_at: Millis, when: Millis, by: str = "recontact", **more: Any) -> Record:  # noqa: ANN401 - as above
    """Something shows how a contact that ended at a time turned out."""
    said: Record = {
        "by": by,
        "evidence": {"id": f"evidence of {contact}", "at": rfc3339(when)},
        "windows": ["7d", "30d"],
    }
    return {"type": "outcome.seen"} | head(contact, when) | {"ended_at": rfc3339(ended_at)} | said | head_of(more)


def verdict(contact: str, when: Millis, said: str, window: str = "7d", **more: Any) -> Record:  # noqa: ANN401 - as above
    """A contact is judged."""
    return {"type": "verdict.reached", "verdict": said, "window": window} | head(contact, when) | head_of(more)


def issued(contact: str, when: Millis, kind: str = "repeat", **more: Any) -> Record:  # noqa: ANN401 - as above
    """A team lead is nudged about a contact, for half an hour."""
    said = {
        "nudge_id": f"{kind}:{contact}",
        "kind": kind,
        "expires_at": rfc3339(when + 30 * MINUTE),
        "expected": {"repeat": "resolve_now", "waiting": "answer_now", "promise": "keep_promise"}[kind],
        "evidence": "recontact",
        "attempt": 2,
        "effort_ms": 600_000,
        "earlier": [],
    }
    return {"type": "nudge.issued"} | head(contact, when) | said | head_of(more)


def spike(when: Millis, **more: Any) -> Record:  # noqa: ANN401 - as above
    """A team lead is nudged about failure demand that exceeds what is usual."""
    said: Record = {
        "type": "nudge.issued",
        "nudge_id": "spike:billing/refund#1",
        "kind": "spike",
        "occurred_at": rfc3339(when),
        "expires_at": rfc3339(when + 4 * HOUR),
        "queue": "billing",
        "origin_queue": "billing",
        "team": "payments",
        "channel": None,
        "reason": "refund",
        "expected": "remove_cause",
        "started_at": rfc3339(when - HOUR),
        "contacts": 14,
        "expected_contacts": 3.5,
        "examples": [],
    }
    return said | head_of(more)


def answered(nudge: Record, when: Millis, action: str = "acted", **more: object) -> Record:
    """Somebody answered a nudge."""
    about = {
        key: nudge.get(key) for key in ("nudge_id", "contact_id", "customer_id", "queue", "team", "channel", "reason")
    }
    said = {"type": "nudge.answered", "occurred_at": rfc3339(when), "action": action, "actor": "lead", "note": "called"}
    return about | said | more


def head_of(more: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes to a record, with its place taken apart."""
    changes = dict(more)
    if "place" in changes:
        changes |= zip(("queue", "team", "channel"), changes.pop("place").split("/"), strict=True)
    return changes


@cache
def told_by_the_engine(days: int = 10, seed: int = 3) -> tuple[Sequence[Record], Sequence[Record]]:
    """Return the outcomes and nudges of some days of a simulated centre."""
    start = at()
    engine = open_scratch_engine(MEMORY, Policy())
    outcomes: list[Record] = []
    nudges: list[Record] = []
    batch: list[bytes] = []

    def process(logged_at: Millis) -> None:
        after = [len(outcomes), len(nudges)]
        engine.ingest(batch, logged_at, {})
        batch.clear()
        outcomes.extend(orjson.loads(record) for _, record in engine.outcomes(after[0]))
        nudges.extend(orjson.loads(record) for _, record in engine.nudges(after[1]))

    plan = demo_plan()
    plan = replace(plan, queues=tuple(replace(queue, per_hour=queue.per_hour * 0.1) for queue in plan.queues))
    for simulated in simulate(plan, seed, start, until=start + days * DAY):
        batch.append(simulated.raw)
        if len(batch) == 2_000:
            process(simulated.logged_at)
    process(start + days * DAY)
    engine.close()
    return outcomes, nudges


def in_time(*topics: Iterable[Record]) -> list[Record]:
    """Return the records of topics in the order of their times, as they are read."""
    return sorted((record for topic in topics for record in topic), key=lambda record: str(record["occurred_at"]))
