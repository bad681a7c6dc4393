"""Streams of contacts with a known truth, sent through the engine as events and read from what is published.

Each fate becomes a contact of a customer of its own in :data:`QUEUE`. Where it fails, the customer's next contact
about the same reason is offered at that time, in *another* queue. So it must be: were returns contacts of the stream,
each would need a fate too, and the stream would be another one, busier and with another truth. Elsewhere they change
nothing of it: a contact is judged by itself, wherever the repeat arrives, and failures count where the contact ended.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from operator import itemgetter
from typing import TypeAlias

from streams.catalogue.estimates import LEVELS, QUANTITIES, name_of
from streams.domain.policy import Policy
from streams.domain.units import DAY, MINUTE, SECOND, Millis
from streams.engines.embedded import EmbeddedEngine
from streams.engines.embedded.partition import Retention
from streams.exporter.estimates import estimate_gauges, first_hour
from streams.exporter.rows import Gauge
from tests.estimator_streams import Fate
from tests.journeys import wire

START: Millis = 2922 * 7 * DAY + 4 * DAY
"""When the time of a stream begins, which counts from a Monday: 2026-01-05."""

QUEUE, RETURNS = "billing", "returns"
WINDOW_NAME = "7d"
BATCH = 10_000

Published: TypeAlias = Mapping[str, float]
"""What is published of the queue for the window, by the name of the quantity in the catalogue."""

_OF_A_QUEUE = next(level for level in LEVELS if level.labels == ("queue",))
_QUANTITY_OF = {name_of(_OF_A_QUEUE, quantity): quantity.name for quantity in QUANTITIES}


def published(fates: Iterable[Fate], times: Iterable[Millis]) -> Iterator[tuple[Millis, Published]]:
    """Send a stream through an engine and yield what is published at each of the times, which must rise."""
    policy = Policy()
    told, taken = records(fates), 0
    with closing(EmbeddedEngine(":memory:", policy, durable=False, kept=Retention(0, 0))) as engine:
        for time in times:
            as_of = START + time
            due = bisect_left(told, as_of, key=itemgetter(0))
            for start in range(taken, due, BATCH):
                engine.ingest([raw for _, raw in told[start : min(start + BATCH, due)]], as_of, {})
            taken = due
            engine.advance(as_of)
            cohorts = engine.ledger.cohorts(first_hour(policy.windows, as_of))
            yield time, _of_the_queue(estimate_gauges(cohorts, policy.windows, as_of))


def records(fates: Iterable[Fate]) -> list[tuple[Millis, bytes]]:
    """Return the records of a stream and when they happened, in that order."""
    told: list[tuple[Millis, bytes]] = []
    for number, (ended_at, failed_at) in enumerate(fates):
        told += _contact(f"c{number}", f"p{number}", QUEUE, ended_at - 5 * MINUTE, ended_at)
        if failed_at is not None:
            told += _contact(f"r{number}", f"p{number}", RETURNS, failed_at, failed_at + 5 * MINUTE)
    return sorted(told, key=itemgetter(0))


def _of_the_queue(gauges: Iterable[Gauge]) -> Published:
    ours = (QUEUE, "true", WINDOW_NAME)
    return {_QUANTITY_OF[name]: value for name, labels, value in gauges if name in _QUANTITY_OF and labels == ours}


def _contact(
    name: str, customer: str, queue: str, offered_at: Millis, ended_at: Millis
) -> Iterator[tuple[Millis, bytes]]:
    for kind, at, more in (
        ("offered", offered_at, {"customer_id": customer, "channel": "voice", "queue": queue, "reason": "invoice"}),
        ("answered", offered_at + 10 * SECOND, {}),
        ("ended", ended_at, {"talk_s": 280}),
    ):
        event = {"event_id": f"{name}-{kind}", "type": f"contact.{kind}", "contact_id": name, "at": START + at}
        yield START + at, wire(event | more)
