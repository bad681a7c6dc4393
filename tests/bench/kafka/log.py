"""The log that everybody reads: simulated events, in the partitions that sources would put them in."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.contracts.encode import encode
from streams.domain.events import ClockTicked
from streams.domain.policy import Policy
from streams.domain.units import DAY, Millis
from streams.engines.kafka.producing import key_of, partition_of
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.presets import demo_plan
from tests.bench.kafka import join

START: Final[Millis] = 1_704_067_200_000
"""2024: the longest log that anybody waits for ends well before today, and nothing in it comes from the future."""
_BATCH: Final = 256 * 1024
MOST: Final = 2 * _BATCH
"""Largest batch that a producer must take, in bytes."""


class Record(NamedTuple):
    """An event, its key and its partition."""

    partition: int
    key: bytes
    value: bytes


class Log(NamedTuple):
    """What is in the topic.

    ``records`` counts all of them; ``joins`` those that concern the join, which finds ``recontacts`` in a log in order.
    By ``until`` every verdict at every window is due: the log ends with ticks that say so.
    """

    topic: str
    partitions: int
    records: int
    joins: int
    recontacts: int
    until: Millis


def simulated(events: int, partitions: int) -> Iterator[Record]:
    """Yield the records of a simulated centre.

    To spare all but ours a table of contacts, which the join would need to find out whose contact has ended, the end of
    a contact names its customer. Ours ignores it.
    """
    customers: dict[str, str] = {}
    for one in islice(simulate(demo_plan(), seed=1, start=START), events):
        key, value = key_of(one.event) or b"", one.raw
        event = orjson.loads(value)
        if join.concerns(event):
            customers[event["contact_id"]] = event["customer_id"]
        elif join.ends(event) and event["contact_id"] in customers:
            value = orjson.dumps({**event, "customer_id": customers.pop(event["contact_id"])})
        yield Record(partition_of(key, partitions), key, value)


def ending(until: Millis, partitions: int) -> list[Record]:
    """Return the ticks that end a log: they let all that happened before a time be settled."""
    return [  # twice, so that a leap is believed
        Record(partition, b"", encode(ClockTicked(f"last-{n}-{partition}", until + Policy().lateness, "bench")))
        for n in range(2)
        for partition in range(partitions)
    ]


async def create(bootstrap: str, topic: str, partitions: int) -> None:
    """Make the topic as ours wants it: the time of a record is that at which the broker got it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    configs = {"message.timestamp.type": "LogAppendTime"}
    await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=configs)])
    await admin.close()


async def fill(bootstrap: str, topic: str, partitions: int, events: int) -> Log:
    """Make the topic and put so many events in it, and then the ticks."""
    await create(bootstrap, topic, partitions)
    last_end: dict[str, float] = {}
    joins = recontacts = 0
    last = 0.0

    def noted() -> Iterator[Record]:
        nonlocal joins, recontacts, last
        for record in simulated(events, partitions):
            event: Mapping[str, Any] = orjson.loads(record.value)
            at = join.seconds_of(event)
            last = max(last, at)
            if join.concerns(event):
                joins += 1
                customer = event["customer_id"]
                if join.ends(event):
                    last_end[customer] = at
                else:
                    recontacts += join.is_recontact(at, last_end.get(customer))
            yield record

    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=MOST)
    await producer.start()
    await send(producer, topic, noted())
    policy = Policy()
    until = int(last * 1000) + policy.longest_window + DAY
    ticks = ending(until, partitions)
    await send(producer, topic, ticks)
    await producer.stop()
    return Log(topic, partitions, events + len(ticks), joins, recontacts, until)


async def send(producer: AIOKafkaProducer, topic: str, records: Iterable[Record]) -> None:
    """Write records in large batches; they are on their way on return, and there once the producer is flushed."""
    batches: dict[int, Any] = {}
    for partition, key, value in records:
        batch = batches.setdefault(partition, None) or producer.create_batch()
        batch.append(key=key, value=value, timestamp=None)
        batches[partition] = batch
        if batch.size() >= _BATCH:
            await producer.send_batch(batches.pop(partition), topic, partition=partition)
    for partition, batch in batches.items():
        await producer.send_batch(batch, topic, partition=partition)
    await producer.flush()
