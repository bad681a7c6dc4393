"""What the records of the two topics say, as the board keeps it."""

from collections.abc import Mapping
from datetime import datetime
from sys import intern
from typing import Any, NamedTuple, Self, TypeAlias

from streams.contracts.times import EPOCH
from streams.domain.units import Millis

Record: TypeAlias = Mapping[str, Any]

UNKNOWN_PLACE = ("unknown", "unknown", "unknown")


class Place(NamedTuple):
    """A queue, its team, and a channel."""

    queue: str
    team: str
    channel: str

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return the place that a record names; what it leaves open is unknown."""
        return cls(*(intern(record.get(name) or "unknown") for name in ("queue", "team", "channel")))


class Charged(NamedTuple):
    """What is told of a demand: its class, the evidence, what linked it, and the contact and place it is charged to."""

    demand: str
    evidence: str
    link: str
    origin_id: str | None
    origin: Place

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return what a record says of a demand, or what it restates."""
        origin = record.get("origin") or {}
        return cls(
            intern(record["demand"]),
            intern(record.get("evidence") or "none"),
            intern(record.get("link") or "none"),
            origin.get("contact_id"),
            Place.of(origin),
        )


class Arrival(NamedTuple):
    """That a contact arrived, and why."""

    at: Millis
    place: Place
    reason: str
    charged: Charged

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return what ``demand.classified`` says."""
        return cls(at(record["arrived_at"]), Place.of(record), intern(record["reason"]), Charged.of(record))


class End(NamedTuple):
    """That a contact ended for the first time, and what the outputs say of it. Times are milliseconds."""

    at: Millis
    place: Place
    reason: str
    handled: bool
    linkable: bool
    claimed_resolved: bool
    in_threshold: bool
    handle: Millis | None
    effort: Millis

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return what ``contact.ended`` says."""
        return cls(
            at(record["ended_at"]),
            Place.of(record),
            intern(record["reason"]),
            record["handled"],
            record["linkable"],
            bool(record["claimed_resolved"]),
            bool(record["in_threshold"]),
            record["handle_ms"],
            record["effort_ms"] or 0,
        )


class Sign(NamedTuple):
    """What showed how a contact turned out: when, and the contact or event that shows it."""

    at: Millis
    ref: str


def at(text: str) -> Millis:
    """Return the time that a record tells."""
    since = datetime.fromisoformat(text) - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000


def maybe_at(text: str | None) -> Millis | None:
    """Return the time that a record tells, if it does."""
    return None if text is None else at(text)
