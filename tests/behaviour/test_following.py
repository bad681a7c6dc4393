"""Topics followed from places of one's own: in the order of time, nothing lost and nothing twice, whatever happens."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete

from deploy.kafka.cluster import Cluster
from streams.domain.units import DAY, SECOND, Millis
from streams.engines.kafka import following, topics
from streams.engines.kafka.following import Followed, Read
from streams.engines.kafka.nudges import TopicNudges
from streams.engines.kafka.tail import TopicTail
from tests.site import Site, make_config

START: Millis = 1_767_225_600_000
PARTITIONS = 3


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
        """Write records that were written at some times, and tell them."""
        for at in times:
            value = json.dumps([partition, at - START]).encode()
            await self.raw(partition, value, at, topic)

    async def raw(self, partition: int, value: bytes | None, at: Millis = START, topic: str | None = None) -> None:
        await self.producer.send_and_wait(topic or self.topic, value, b"key", partition=partition, timestamp_ms=at)

    def follow(self, since: Millis = START, *more: str) -> Followed:
        return Followed((*more, self.topic), PARTITIONS, self.site.connection, since)


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


@pytest.fixture
def with_topics(kafka: str, tmp_path: Path) -> Callable[[Test], None]:
    """Runs a test with topics of its own."""

    def run(test: Test) -> None:
        async def whole() -> None:
            async with written(kafka, tmp_path) as found:
                await test(found)

        asyncio.run(whole())

    return run


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


def test_what_there_is_comes_in_the_order_in_which_it_was_written_over_all_partitions(
    with_topics: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_AHEAD", 5)  # so that some have to wait for others

    async def test(log: Written) -> None:
        outcomes = log.site.config.topics.outcomes.name
        for n in range(40):
            await log.write(0, START + n)
            await log.write(n % 3, START + n, topic=outcomes)
        await log.write(2, *(START + 1_000 * n for n in range(40)))
        async with aclosing(log.follow(START, outcomes)) as followed:
            found = await all_of(followed)
        assert [at for _, at in found] == sorted([*range(40), *range(40), *(1_000 * n for n in range(40))])
        assert found[:4] == [[0, 0], [0, 0], [2, 0], [1, 1]], "outcomes come before the nudges of the same time"

    with_topics(test)


def test_it_begins_with_what_was_written_at_a_time_and_gets_all_that_comes_then(
    with_topics: Callable[[Test], None],
) -> None:
    async def test(log: Written) -> None:
        await log.write(0, START - DAY, START - 1, START, START + 2)
        await log.write(1, START - 2)
        async with aclosing(log.follow()) as followed:
            assert await all_of(followed) == told([(0, 0), (0, 2)])
            await log.write(1, START + 3)
            await log.write(2, START - DAY)  # by a clock that is slow
            assert sorted(await all_of(followed, least=2)) == told([(1, 3), (2, -DAY)])

    with_topics(test)


def test_only_what_was_committed_is_read_and_an_aborted_end_is_an_end(with_topics: Callable[[Test], None]) -> None:
    async def test(log: Written) -> None:
        writer = AIOKafkaProducer(transactional_id=f"{log.topic}-0", **log.site.connection)
        await writer.start()
        await writer.begin_transaction()
        await writer.send_and_wait(log.topic, b"[0, 1]", partition=0, timestamp_ms=START + 1)
        async with aclosing(log.follow()) as followed:
            assert await all_of(followed) == [], "it does not wait for what is not committed"
            await writer.commit_transaction()
            assert await all_of(followed, least=1) == told([(0, 1)])
            await writer.begin_transaction()
            await writer.send_and_wait(log.topic, b"[0, 2]", partition=0, timestamp_ms=START + 2)
            await writer.abort_transaction()
            await log.write(1, START + 3)
            assert await all_of(followed, least=1) == told([(1, 3)])
        await writer.stop()

    with_topics(test)


def test_who_is_cut_off_and_who_begins_again_goes_on_after_what_was_read(with_topics: Callable[[Test], None]) -> None:
    async def test(log: Written) -> None:
        config = log.site.config
        position: Mapping[str, Any] = {}

        async def read(nudges: TopicNudges, least: int = 0) -> list[Any]:
            nonlocal position
            found: list[Any] = []
            at_end = False
            while not at_end or len(found) < least:
                records, at_end, position = await nudges.read()
                found += map(json.loads, records)
            return found

        await log.write(0, START - 1)
        async with aclosing(TopicNudges(config, START)) as nudges:
            assert await read(nudges) == []
        await log.write(0, START - 1)  # by a slow clock: new all the same, since it came after all that there was
        await log.write(1, START + 1)
        async with aclosing(TopicNudges(config, START + DAY, json.loads(json.dumps(position)))) as nudges:
            assert await read(nudges) == told([(0, -1), (1, 1)])
            await nudges.aclose()
            await log.write(1, START + 2)
            assert await read(nudges, least=1) == told([(1, 2)])
        for other in ({"another": {"0": [0, 0]}}, 17, None):  # of other topics, or of a file
            async with aclosing(TopicNudges(config, START + 2, other)) as nudges:
                assert await read(nudges) == told([(1, 2)])

    with_topics(test)


def test_what_brokers_no_longer_have_is_told_and_the_rest_is_read(
    with_topics: Callable[[Test], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def test(log: Written) -> None:
        admin = AIOKafkaAdminClient(**log.site.connection)
        await admin.start()
        await log.write(0, *range(START, START + 10))
        async with aclosing(log.follow()) as followed:
            await all_of(followed, least=10)
            await followed.aclose()  # while nobody reads, more comes than is kept
            await log.write(0, *range(START + 10, START + 20))
            await admin.delete_records({TopicPartition(log.topic, 0): RecordsToDelete(before_offset=15)})
            assert await all_of(followed, least=5) == told((0, n) for n in range(15, 20))
            assert "partition 0 has no offset 10" in caplog.text
        await admin.close()

    with_topics(test)


def test_a_topic_that_was_made_again_is_read_from_its_beginning(
    with_topics: Callable[[Test], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def test(log: Written) -> None:
        await log.write(0, START, START + 1)
        async with aclosing(log.follow()) as followed:
            assert await all_of(followed, least=2) == told([(0, 0), (0, 1)])
            await followed.aclose()
            await log.producer.stop()
            await _make_again(log)
            await log.connect()
            await log.write(0, START + 2)
            assert await all_of(followed, least=1) == told([(0, 2)])
            assert "the topic was made again" in caplog.text

    with_topics(test)


async def _make_again(log: Written) -> None:
    admin = AIOKafkaAdminClient(**log.site.connection)
    await admin.start()
    await admin.delete_topics([log.topic])
    while log.topic in await admin.list_topics():  # noqa: ASYNC110 - the brokers tell nobody
        await asyncio.sleep(0.1)
    await admin.close()
    await topics.create(log.site.config, log.site.connection)


def test_partitions_that_are_added_are_read_too(
    with_topics: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_METADATA_MS", SECOND)

    async def test(log: Written) -> None:
        await log.write(0, START)
        async with aclosing(log.follow()) as followed:
            assert await all_of(followed, least=1) == told([(0, 0)])
            admin = AIOKafkaAdminClient(**log.site.connection)
            await admin.start()
            await admin.create_partitions({log.topic: NewPartitions(PARTITIONS + 1)})
            await admin.close()
            await log.producer.stop()
            await log.connect()
            await log.write(PARTITIONS, START + 1)
            assert await all_of(followed, least=1) == told([(PARTITIONS, 1)])

    with_topics(test)


def test_a_record_that_is_no_json_is_counted_and_told_and_the_rest_is_read(
    with_topics: Callable[[Test], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def test(log: Written) -> None:
        await log.raw(0, b"poison")
        await log.raw(0, None)
        await log.raw(1, b'{"type": "nudge.issued"}')
        tail = TopicTail(log.site.config, START)
        stopped = False
        keeping = asyncio.create_task(tail.keep(lambda: stopped))
        await asyncio.wrap_future(tail.begun)
        records: list[Any] = []
        unreadable, at_end = 0, False
        while not at_end:
            told = await tail.read()
            records += told.records
            unreadable += told.unreadable
            at_end = told.at_end
        assert (records, unreadable) == ([{"type": "nudge.issued"}], 2)
        assert f"{log.topic}: partition 0, offset 1: is left out" in caplog.text
        assert tail.problem is None
        stopped = True
        await keeping

    with_topics(test)


@pytest.mark.usefixtures("own_kafka")
def test_a_batch_that_a_disk_has_damaged_is_counted_and_told_and_the_rest_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run(bootstrap: str) -> None:
        async with written(bootstrap, tmp_path) as log:
            await log.write(0, START)
            await _write_together(log, [b"[0, 1]", b"[0, 2]", b"[0, 3]"])
            await log.write(0, START + 4)
            await log.write(1, START + 5)
            _damage(tmp_path / "data", log.topic, b"[0, 2]")
            async with aclosing(log.follow()) as followed:
                found: list[Any] = []
                unreadable = 0
                while len(found) < 3:
                    read = await followed.read()
                    found += [json.loads(record.value) for record in read.records]
                    unreadable += read.unreadable
                assert (found, unreadable) == (told([(0, 0), (0, 4), (1, 5)]), 3)
                await log.write(0, START + 6)
                assert await all_of(followed, least=1) == told([(0, 6)])

    with Cluster(data=tmp_path / "data") as cluster:
        asyncio.run(run(cluster.bootstrap))
    for offset in range(1, 4):
        assert f"partition 0, offset {offset} is damaged" in caplog.text


async def _write_together(log: Written, values: Iterable[bytes]) -> None:
    batch = log.producer.create_batch()
    for value in values:
        batch.append(key=b"key", value=value, timestamp=START + 1)
    await (await log.producer.send_batch(batch, log.topic, partition=0))


def _damage(data: Path, topic: str, value: bytes) -> None:
    [segment] = data.glob(f"**/{topic}-0/*.log")
    content = segment.read_bytes()
    assert content.count(value) == 1
    with segment.open("r+b") as file:
        file.seek(content.index(value))
        file.write(value.swapcase().replace(b"2", b"7"))


def test_while_no_broker_answers_it_says_so_and_goes_on_trying(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_AGAIN_S", 0.01)
    site = Site(make_config("127.0.0.1:1", tmp_path, PARTITIONS))

    async def run() -> None:
        async with aclosing(Followed(("nudges",), PARTITIONS, site.connection, START)) as followed:
            for _ in range(2):
                assert await followed.read() == Read((), at_end=False)
                assert "KafkaConnectionError" in str(followed.problem)

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert "is tried again" in caplog.text
