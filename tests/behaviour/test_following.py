"""Topics followed from places of one's own: in the order of time, nothing lost and nothing twice."""

import json
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from streams.domain.units import DAY
from streams.engines.kafka import following
from streams.engines.kafka.following import Followed
from streams.engines.kafka.nudges import TopicNudges
from tests.written import PARTITIONS, START, Test, Written, all_of, told


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
        few = {**log.site.connection, "max_poll_records": 3}  # so that it takes many fetches
        async with aclosing(Followed((outcomes, log.topic), PARTITIONS, few, START)) as followed:
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
