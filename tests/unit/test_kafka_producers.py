"""Producers that are given up while they start leave nothing behind that goes on without their owner."""

import asyncio
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError

from streams.domain.policy import Policy
from streams.engines.kafka import producing, worker
from streams.engines.kafka.config import KafkaConfig
from streams.engines.kafka.producing import LogProducer
from streams.engines.kafka.worker import Worker
from streams.engines.port import StorageError


class Writer:
    """That of partition 0 can't start, others go on with it for ever."""

    def __init__(self, told: list[tuple[str, int]], partition: int) -> None:
        self.told, self._partition = told, partition

    async def start(self) -> None:
        try:
            if self._partition == 0:
                raise KafkaConnectionError
            await asyncio.Event().wait()
        finally:
            self.told.append(("ended", self._partition))

    async def close(self) -> None:
        self.told.append(("closed", self._partition))


def test_where_one_writer_cannot_start_none_goes_on_to_start_when_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, int]] = []

    async def fence() -> None:
        monkeypatch.setattr(worker, "Writer", lambda _app, partition, *_: Writer(told, partition))
        with closing(Worker(KafkaConfig(state=tmp_path), Policy())) as own:
            with pytest.raises(KafkaError):
                await own.fence([0, 1])
            for _ in range(5):
                await asyncio.sleep(0)

    asyncio.run(fence())
    assert told == [("ended", 0), ("ended", 1), ("closed", 0), ("closed", 1)]


class Producer:
    """Never sends; of those after the first, none ever starts."""

    def __init__(self, told: list[str], *, starts: bool) -> None:
        self._told, self._starts = told, starts

    async def start(self) -> None:
        if not self._starts:
            self._told.append("starting")
            await asyncio.Event().wait()

    async def stop(self) -> None:
        self._told.append("stopped")

    def create_batch(self) -> Any:  # noqa: ANN401 - aiokafka's
        raise KafkaConnectionError


def test_a_request_that_nobody_waits_for_any_more_leaves_no_producer_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    made: list[Producer] = []

    def make(**_: object) -> Producer:
        made.append(Producer(told, starts=not made))
        return made[-1]

    monkeypatch.setattr(producing, "AIOKafkaProducer", make)

    async def append() -> None:
        producer = LogProducer(KafkaConfig(), {})
        await producer.start()
        request = asyncio.create_task(producer.append([b"{}"], 1))
        for _ in range(9):
            await asyncio.sleep(0)
        request.cancel()
        with suppress(asyncio.CancelledError, StorageError):
            await request

    asyncio.run(append())
    assert told == ["stopped", "starting", "stopped"]
