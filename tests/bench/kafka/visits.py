"""Events for benchmarks at scale: many customers who each have a problem, and what becomes of some of them."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, Final

import orjson

from streams.contracts.times import millis_of, rfc3339
from streams.domain.units import DAY, MINUTE, SECOND, Millis
from streams.engines.kafka.producing import key_of, partition_of
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.presets import demo_plan
from tests.bench.kafka.log import START, Record
from tests.site import event_of

FILLED_OVER: Final[Millis] = 20 * DAY
"""Within the longest window, so that no problem is settled yet."""
_CONTACT: Final[Millis] = 5 * SECOND
_OFFERED: Final = (
    b'{"event_id":"o%d","type":"contact.offered","occurred_at":"%b","source":"bench","contact_id":"k%d",'
    b'"customer_id":"c%d","channel":"%b","queue":"%b","team":"%b","reason":"%b"}'
)
_ENDED: Final = (
    b'{"event_id":"e%d","type":"contact.ended","occurred_at":"%b","source":"bench","contact_id":"k%d",'
    b'"talk_s":200,"wrap_s":20}'
)


def problems(customers: int, partitions: int) -> Iterator[Record]:
    """Yield the beginning and the end of one contact of each customer, evenly over :data:`FILLED_OVER`."""
    kinds = [
        tuple(text.encode() for text in (channel, queue.name, queue.team, reason))
        for queue in demo_plan().queues
        for channel in queue.channels
        for reason in queue.reasons
    ]
    for n in range(customers):
        at = START + FILLED_OVER * n // customers
        key = b"k%d" % n
        partition = partition_of(key, partitions)
        begin, end = rfc3339(at).encode(), rfc3339(at + _CONTACT).encode()
        yield Record(partition, key, _OFFERED % (n, begin, n, n, *kinds[n % len(kinds)]))
        yield Record(partition, key, _ENDED % (n, end, n))


def visits(customers: int, busy: int, partitions: int, seed: int = 1) -> Iterator[Record]:
    """Yield what a simulated centre sees after that, endlessly; whose it is is drawn from those customers.

    Contacts come as densely in time as ``busy`` problems would. Events that are closer to each other share more of the
    ledger's rows, so where speeds are to be compared it must be the same for all.
    """
    chosen: dict[str, str] = {}
    random = Random(seed)
    begin = START + FILLED_OVER + MINUTE
    pace = min(1.0, _CONTACTS_A_DAY * FILLED_OVER / DAY / busy)
    for event in _simulated(seed):
        customer = event.get("customer_id")
        if customer is not None:
            event["customer_id"] = chosen.setdefault(customer, f"c{random.randrange(customers)}")
        since = millis_of(event["occurred_at"]) - START
        event["occurred_at"] = rfc3339(begin + int(since * pace))
        yield _record(event, partitions)


def centre(partitions: int, seed: int = 1) -> Iterator[Record]:
    """Yield what a simulated centre sees, endlessly."""
    return (_record(event, partitions) for event in _simulated(seed))


def time_of(record: Record) -> Millis:
    """Return when an event occurred."""
    return millis_of(orjson.loads(record.value)["occurred_at"])


_CONTACTS_A_DAY: Final = 1_500
"""Of the simulated centre, weekends included."""


def _simulated(seed: int) -> Iterator[dict[str, Any]]:
    """Without ticks: they have no key, and would all be in one partition."""
    for one in simulate(demo_plan(), seed=seed, start=START):
        event = orjson.loads(one.raw)
        if event["type"] != "clock.tick":
            yield event


def _record(event: Mapping[str, Any], partitions: int) -> Record:
    raw = orjson.dumps(event)
    told = event_of(raw)
    key = b"" if told is None else key_of(told) or b""
    return Record(partition_of(key, partitions), key, raw)
