"""Streams of contacts with a known truth, sent through the engine as events and read from what is published.

Each fate becomes a contact of a customer of its own in :data:`QUEUE`. Where it fails, the customer's next contact
about the same reason is offered at that time, in *another* queue. So it must be: were returns contacts of the stream,
each would need a fate too, and the stream would be another one, busier and with another truth. Elsewhere they change
nothing of it: a contact is judged by itself, wherever the repeat arrives, and failures count where the contact ended.
"""

from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter

from streams.catalogue.estimates import LEVELS, QUANTITIES, name_of
from streams.domain.policy import Policy
from streams.domain.units import DAY, MINUTE, SECOND, Millis
from streams.engines.embedded import EmbeddedEngine
from streams.engines.embedded.partition import Retention
from streams.exporter.estimates import estimate_gauges, first_hour
from tests.estimator_streams import Fate
from tests.journeys import wire

START: Millis = 2922 * 7 * DAY + 4 * DAY
"""When the time of a stream begins, which counts from a Monday: 2026-01-05."""

QUEUE, RETURNS = "billing", "returns"
WINDOW_NAME = "7d"
BATCH = 10_000

Published = Mapping[str, float]
"""What is published of the queue for the window, by the name of the quantity in the catalogue."""

_OF_A_QUEUE = next(level for level in LEVELS if level.labels == ("queue",))
_QUANTITY_OF = {name_of(_OF_A_QUEUE, quantity): quantity.name for quantity in QUANTITIES}


def published(fates: Iterable[Fate], times: Iterable[Millis]) -> Iterator[tuple[Millis, Published]]:
    """Send a stream through an engine and yield what is published at each of the times, which must rise."""
    policy = Policy()
    engine = EmbeddedEngine(":memory:", policy, durable=False, kept=Retention(0, 0))
    rest = records(fates)
    ahead = next(rest, None)
    for time in times:
        as_of = START + time
        batch: list[bytes] = []
        while ahead is not None and ahead[0] < as_of:
            batch.append(ahead[1])
            ahead = next(rest, None)
            if len(batch) == BATCH:
                engine.ingest(batch, as_of, {})
                batch = []
        engine.ingest(batch, as_of, {})
        engine.advance(as_of)
        cohorts = engine.ledger.cohorts(first_hour(policy.windows, as_of))
        gauges = estimate_gauges(cohorts, policy.windows, as_of)
        yield (
            time,
            {
                _QUANTITY_OF[name]: value
                for name, labels, value in gauges
                if name in _QUANTITY_OF and labels == (QUEUE, "true", WINDOW_NAME)
            },
        )
    engine.close()


def records(fates: Iterable[Fate]) -> Iterator[tuple[Millis, bytes]]:
    """Yield the records of a stream and when they happened, in that order."""
    told: list[tuple[Millis, bytes]] = []
    for number, (ended_at, failed_at) in enumerate(fates):
        told += _contact(f"c{number}", f"p{number}", QUEUE, ended_at - 5 * MINUTE, ended_at)
        if failed_at is not None:
            told += _contact(f"r{number}", f"p{number}", RETURNS, failed_at, failed_at + 5 * MINUTE)
    told.sort(key=itemgetter(0))
    yield from told


def _contact(
    name: str, customer: str, queue: str, offered_at: Millis, ended_at: Millis
) -> Iterator[tuple[Millis, bytes]]:
    for kind, at, more in (
        ("offered", offered_at, {"customer_id": customer, "channel": "voice", "queue": queue, "reason": "invoice"}),
        ("answered", offered_at + 10 * SECOND, {}),
        ("ended", ended_at, {"talk_s": 280}),
    ):
        when = START + at
        yield (
            when,
            wire({"event_id": f"{name}-{kind}", "type": f"contact.{kind}", "contact_id": name, "at": when} | more),
        )
