"""Topics followed while brokers lose, damage, move and withhold what is read."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete

from deploy.kafka.cluster import Cluster
from streams.domain.units import MINUTE, SECOND
from streams.engines.kafka import following, topics
from streams.engines.kafka.following import Followed, Read
from streams.engines.kafka.tail import TopicTail
from tests.site import Site, make_config
from tests.written import PARTITIONS, START, Test, Written, all_of, told, written


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


def test_a_topic_that_was_made_again_is_read_from_the_time_that_had_been_reached(
    with_topics: Callable[[Test], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def test(log: Written) -> None:
        await log.write(0, START, START + 1, START + 10 * MINUTE)
        async with aclosing(log.follow()) as followed:
            assert await all_of(followed, least=3) == told([(0, 0), (0, 1), (0, 10 * MINUTE)])
            await followed.aclose()
            await log.producer.stop()
            await _make_again(log)
            await log.connect()
            await log.write(0, START + 1, START + 11 * MINUTE)
            assert await all_of(followed, least=1) == told([(0, 11 * MINUTE)])
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
