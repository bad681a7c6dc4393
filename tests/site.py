"""A contact centre on Kafka: an application with topics of its own, a log, workers, and what they came to."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from time import monotonic, time
from typing import Any, Self
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.contracts.decode import BadRecord, decode
from streams.contracts.encode import encode
from streams.domain.events import ClockTicked, Event
from streams.domain.ledger import Entry
from streams.domain.policy import Policy
from streams.domain.units import Millis
from streams.engines.kafka import topics
from streams.engines.kafka.config import KafkaConfig, Topics
from streams.engines.kafka.connection import connection
from streams.engines.kafka.ledger import TopicLedger
from streams.engines.kafka.producing import key_of, partition_of
from streams.engines.kafka.worker import Worker
from tests.ledgers import rows


def make_config(bootstrap: str, state: Path, partitions: int = 4, **changes: Any) -> KafkaConfig:  # noqa: ANN401 - whatever it has
    """Settings of an application that nobody else has."""
    name = f"test-{uuid4().hex[:8]}"
    own = Topics()
    names = {topic: replace(getattr(own, topic), name=f"{name}.{topic}") for topic in own.__dataclass_fields__}
    return KafkaConfig(
        brokers=tuple(bootstrap.split(",")),
        application=name,
        partitions=partitions,
        topics=Topics(**names),
        state=state,
        session_timeout=10_000,
        tick=None,
        **changes,
    )


def event_of(record: bytes) -> Event | None:
    """The event that a record tells of, if it does."""
    try:
        return decode(record, round(time() * 1000))
    except BadRecord:
        return None


@dataclass
class Site:
    config: KafkaConfig
    connection: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.connection = connection(self.config)

    async def create(self) -> None:
        await topics.create(self.config, self.connection)
        assert await topics.problems(self.config, self.connection) == []

    async def produce(self, records: Sequence[bytes], *, in_step: bool = False) -> None:
        """Put records in the log, each in the partition of its key.

        Where partitions are to go in step, each is told how far the log has come before a record is put in any.
        """
        producer = AIOKafkaProducer(linger_ms=20, max_batch_size=262_144, acks="all", **self.connection)
        await producer.start()
        name, partitions = self.config.topics.interactions.name, self.config.partitions
        latest: Millis | None = None
        for record in records:
            event = event_of(record)
            if in_step and event is not None and (latest is None or event.occurred_at > latest):
                latest = event.occurred_at
                for partition in (*range(partitions), *range(partitions)):
                    tick = ClockTicked(uuid4().hex, latest, "test")
                    await producer.send(name, encode(tick), partition=partition)
            key = None if event is None else key_of(event)
            await producer.send(name, record, key, partition=partition_of(key, partitions))
        await producer.stop()

    async def tick(self, at: Millis) -> None:
        """Tell every partition a time, twice, so that a leap is believed."""
        producer = AIOKafkaProducer(acks="all", **self.connection)
        await producer.start()
        for _ in range(2):
            for partition in range(self.config.partitions):
                tick = encode(ClockTicked(uuid4().hex, at, "test"))
                await producer.send_and_wait(self.config.topics.interactions.name, tick, partition=partition)
        await producer.stop()

    async def settled(self, watermark: Millis, within: float = 120.0) -> list[Entry]:
        """Wait until all partitions have come to a time, and return the ledger."""
        ledger = TopicLedger(self.config.topics, self.config.partitions, self.connection)
        done = False
        following = asyncio.create_task(ledger.follow(lambda: done))
        deadline = monotonic() + within
        while True:
            reports = ledger.reports()
            if len(reports) == self.config.partitions and all(r["watermark"] >= watermark for r in reports.values()):
                break
            if following.done():
                following.result()
            assert monotonic() < deadline, f"not settled within {within} s: {reports}"
            await asyncio.sleep(0.1)
        done = True
        await following
        return rows(ledger)

    async def records(self, topic: str) -> list[Any]:
        """All committed records of a topic."""
        consumer = AIOKafkaConsumer(
            enable_auto_commit=False, auto_offset_reset="earliest", isolation_level="read_committed", **self.connection
        )
        await consumer.start()
        tps = [TopicPartition(topic, partition) for partition in range(self.config.partitions)]
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        ends = await consumer.end_offsets(tps)
        found: list[Any] = []
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
        await consumer.stop()
        return found

    async def find(self) -> None:
        """Ask for every topic, which has brokers that make topics by themselves make them."""
        producer = AIOKafkaProducer(**self.connection)
        await producer.start()
        for topic in fields(self.config.topics):
            name = getattr(self.config.topics, topic.name).name
            found = await producer.partitions_for(name)
            assert len(found) == self.config.partitions, f"{name}: the broker makes {len(found)} partitions"
        await producer.stop()

    async def outcomes(self) -> Counter[bytes]:
        return Counter(record.value for record in await self.records(self.config.topics.outcomes.name))


@dataclass
class Working:
    """A worker in this process, for as long as the block lasts."""

    config: KafkaConfig
    policy: Policy = field(default_factory=Policy)
    worker: Worker = field(init=False)

    async def __aenter__(self) -> Self:
        self.worker = Worker(self.config, self.policy)
        self._stop = False
        self.task = asyncio.create_task(self.worker.run(lambda: self._stop))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop = True
        try:
            await self.task
        finally:
            self.worker.close()

    async def settled(self, site: Site, watermark: Millis) -> list[Entry]:
        """Wait until all partitions have come to a time, and return the ledger; or raise what the worker has."""
        settling = asyncio.create_task(site.settled(watermark))
        await asyncio.wait((settling, self.task), return_when=asyncio.FIRST_COMPLETED)
        if self.task.done():
            settling.cancel()
            self.task.result()
        return await settling


def events(count: Iterable[Entry]) -> int:
    """How many events a ledger counts."""
    return sum(entry.added for entry in count if entry.series.name == "monitor_events_total")
