"""Nudges as their topic has them, and a topic of them in memory."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

from typing_extensions import override

from streams.contracts.times import rfc3339
from streams.delivery.clock import Clock
from streams.delivery.source import Batch, Follow, Position, Source
from streams.domain.units import DAY, MINUTE, Millis

BEGUN: Final[Millis] = 20_000 * DAY


@dataclass
class Time(Clock):
    """A clock that stands still but for those who wait, who find that the time has passed.

    Attributes:
        waits: how long was waited, each time.
    """

    at: Millis = BEGUN

    def __post_init__(self) -> None:
        self.waits: list[Millis] = []

    @override
    def now(self) -> Millis:
        return self.at

    @override
    async def sleep(self, duration: Millis) -> None:
        self.waits.append(duration)
        self.at += duration


def nudge(number: int = 1, **more: object) -> bytes:
    """Return a record: of a customer who came back for the second time."""
    told = {
        "type": "nudge.issued",
        "nudge_id": f"repeat:contact-{number}",
        "kind": "repeat",
        "occurred_at": rfc3339(BEGUN),
        "expires_at": rfc3339(BEGUN + 30 * MINUTE),
        "queue": "delivery",
        "team": "logistics",
        "channel": "chat",
        "reason": "parcel_late",
        "expected": "resolve_now",
        "contact_id": f"contact-{number}",
        "customer_id": "customer-7",
        "evidence": "recontact",
        "attempt": 2,
        "effort_ms": 42 * MINUTE,
        "earlier": [
            {
                "contact_id": "contact-0",
                "arrived_at": "2024-10-01T09:00:00Z",
                "ended_at": "2024-10-01T09:10:00Z",
                "queue": "delivery",
                "team": "logistics",
                "channel": "voice",
                "reason": "parcel_late",
                "abandoned": False,
                "claimed_resolved": True,
            }
        ],
    }
    return json.dumps({name: value for name, value in (told | more).items() if value is not None}).encode()


@dataclass
class Topic:
    """Records, a few at a time; ``new`` is where it is begun by who has no place yet."""

    records: list[bytes]
    batch: int = 2
    new: int = 0

    @property
    def follow(self) -> Follow:
        """Begin to read where somebody was, or where who is new does."""
        return lambda position: nullcontext(_Reader(self, self.new if position is None else int(position["offset"])))


class _Reader(Source):
    def __init__(self, topic: Topic, offset: int) -> None:
        self._topic = topic
        self._offset = offset

    @override
    async def read(self) -> Batch:
        after = self._offset + self._topic.batch
        records: Sequence[bytes] = self._topic.records[self._offset : after]
        self._offset += len(records)
        position: Position = {"offset": self._offset}
        return Batch(records, self._offset >= len(self._topic.records), position)
