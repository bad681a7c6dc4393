"""When nudges could be read first, by whoever reads what is durable."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from threading import Event, Thread
from time import sleep, time
from typing import Any, Final, NamedTuple, TypeAlias

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.board.records import at
from streams.domain.units import SECOND, Millis
from streams.engines.embedded.database import connect
from streams.engines.embedded.log import SegmentTable

_POLL_S: Final = 0.002
_WAIT_MS: Final = 100

Read: TypeAlias = Callable[[], Iterable[bytes]]
"""Waits a moment for records that are new, and returns them."""


class Nudged(NamedTuple):
    """A nudge: when it could be read, and the contact and the time of the event that called for it."""

    read_at: float
    contact_id: str
    called_at: Millis
    team: str
    queue: str


@contextmanager
def following(read: Read) -> Iterator[dict[str, Nudged]]:
    """Read nudges in a thread until the end of the block; yields what it has found, by nudge: the first of each."""
    found: dict[str, Nudged] = {}
    stop = Event()

    def follow() -> None:
        while not stop.is_set():
            records = read()
            now = time() * SECOND
            for record in map(orjson.loads, records):
                if record["kind"] == "repeat":  # no event calls for the others, but the time that passes
                    found.setdefault(record["nudge_id"], _nudged(record, now))

    thread = Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


def _nudged(record: Mapping[str, Any], now: float) -> Nudged:
    return Nudged(now, record["contact_id"], at(record["occurred_at"]), record["team"], record["queue"])


@contextmanager
def of_file(path: str) -> Iterator[Read]:
    """Yield what reads the nudges of a file."""
    with closing(connect(path, read_only=True)) as connection:
        table, seen, start = SegmentTable(connection, "nudges"), None, 0

        def read() -> list[bytes]:
            nonlocal seen, start
            version = connection.execute("PRAGMA data_version").fetchone()
            if version == seen:
                sleep(_POLL_S)
                return []
            seen = version
            records = list(table.read(start))
            start = records[-1].offset + 1 if records else start
            return [record.value for record in records]

        yield read


@contextmanager
def of_topic(bootstrap: str, topic: str, partitions: int) -> Iterator[Read]:
    """Yield what reads the nudges of a topic, as far as they are committed."""
    loop = asyncio.new_event_loop()

    async def start() -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
        )
        await consumer.start()
        consumer.assign([TopicPartition(topic, partition) for partition in range(partitions)])
        return consumer

    consumer = loop.run_until_complete(start())

    def read() -> list[bytes]:
        fetched = loop.run_until_complete(consumer.getmany(timeout_ms=_WAIT_MS))
        return [record.value for records in fetched.values() for record in records]

    try:
        yield read
    finally:
        loop.run_until_complete(consumer.stop())
        loop.close()
