"""Puts records in a log, and tells all of its partitions how late it is by then."""

from collections.abc import Iterable, Iterator

from aiokafka import AIOKafkaProducer

from streams.domain.policy import Policy
from streams.domain.units import Millis
from tests.bench.kafka.log import MOST, Record, send
from tests.bench.kafka.visits import time_of
from tests.site import Site


async def pour(site: Site, records: Iterable[Record]) -> Millis:
    """Put records in the log, and let all time pass that they wait for. Return the time to which partitions come."""
    last: Record | None = None

    def noted() -> Iterator[Record]:
        nonlocal last
        for record in records:
            last = record
            yield record

    producer = AIOKafkaProducer(bootstrap_servers=site.config.brokers[0], acks="all", max_batch_size=MOST)
    await producer.start()
    await send(producer, site.config.topics.interactions.name, noted())
    await producer.stop()
    assert last is not None
    until = time_of(last) + Policy().lateness  # what is out of order is so by less
    await site.tick(until + Policy().lateness)
    return until
