"""Topics of one's own on Kafka, written to by hand at chosen times, and read again."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from streams.domain.units import DAY, SECOND, Millis
from streams.engines.kafka.following import Followed
from tests.site import Site, make_config

START: Final[Millis] = round(time()) * SECOND - 3 * DAY
"""Not so long ago that brokers would delete what was written then."""
PARTITIONS: Final = 3


@dataclass
class Written:
    """Topics of one application, and who writes to that of nudges."""

    site: Site
    producer: AIOKafkaProducer = field(init=False)

    @property
    def topic(self) -> str:
        return self.site.config.topics.nudges.name

    async def connect(self) -> None:
        """Begin to write, as one who knows the topics as they are now."""
        self.producer = AIOKafkaProducer(acks="all", **self.site.connection)
        await self.producer.start()

    async def write(self, partition: int, *times: Millis, topic: str | None = None) -> None:
        """Write records as of some times; each tells its partition and its time since the start."""
        for at in times:
            value = json.dumps([partition, at - START]).encode()
            await self.raw(partition, value, at, topic)

    async def raw(self, partition: int, value: bytes | None, at: Millis = START, topic: str | None = None) -> None:
        await self.producer.send_and_wait(topic or self.topic, value, b"key", partition=partition, timestamp_ms=at)

    def follow(self) -> Followed:
        return Followed((self.topic,), PARTITIONS, self.site.connection, START)


@asynccontextmanager
async def written(bootstrap: str, folder: Path) -> AsyncIterator[Written]:
    site = Site(make_config(bootstrap, folder / "state", PARTITIONS))
    await site.create()
    found = Written(site)
    await found.connect()
    try:
        yield found
    finally:
        await found.producer.stop()


Test = Callable[[Written], Awaitable[None]]


async def all_of(followed: Followed, *, least: int = 0) -> list[Any]:
    """Read until there is no more for now, and at least so many were read; return what the records tell."""
    found: list[Any] = []
    at_end = False
    while not at_end or len(found) < least:
        read = await followed.read()
        found += [json.loads(record.value) for record in read.records]
        at_end = read.at_end
    return found


def told(records: Iterable[tuple[int, int]]) -> list[list[int]]:
    return [list(record) for record in records]
