"""Follows the outcomes and nudges topics for a board, whose own event loop may be in another thread."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final, NamedTuple

import orjson

from streams.domain.units import Millis
from streams.engines.kafka.config import KafkaConfig
from streams.engines.kafka.connection import connection
from streams.engines.kafka.following import Followed

logger = logging.getLogger(__name__)

_BEAT_S: Final = 0.2


class Told(NamedTuple):
    """Records of both topics in the order in which they were written.

    ``at_end`` says that there were no more for now, ``unreadable`` how many came beside them that can't be read.
    """

    records: Sequence[Mapping[str, Any]]
    at_end: bool
    unreadable: int


class TopicTail:
    """Reads both topics, from what was written since a time; where an outcome and a nudge are as old, that first."""

    def __init__(self, config: KafkaConfig, since: Millis) -> None:
        """Begin nothing yet.

        Raises:
            StorageError: a file of certificates or keys can't be used.
        """
        topics = config.topics
        names = (topics.outcomes.name, topics.nudges.name)
        self._followed = Followed(names, config.partitions, connection(config), since)
        self.begun: Future[None] = Future()
        """Is done once it can be read."""
        self._loop: asyncio.AbstractEventLoop

    @property
    def problem(self) -> str | None:
        """What stands in the way of being up to date; ``None`` if nothing does."""
        return self._followed.problem

    async def keep(self, stop: Callable[[], bool]) -> None:
        """Let it be read until ``stop`` says so: the clients of Kafka live in the event loop that this runs in."""
        self._loop = asyncio.get_running_loop()
        self.begun.set_result(None)
        try:
            while not stop():  # noqa: ASYNC110 - it is not an event of this loop
                await asyncio.sleep(_BEAT_S)
        finally:
            await self._followed.aclose()

    async def read(self) -> Told:
        """Wait until something was written, or for a moment; return what is new. From any event loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._read(), self._loop))

    async def _read(self) -> Told:
        read = await self._followed.read()
        records: list[Mapping[str, Any]] = []
        for record in read.records:
            try:
                records.append(orjson.loads(record.value or b""))
            except orjson.JSONDecodeError as error:
                place = f"{record.topic}: partition {record.partition}, offset {record.offset}"
                logger.warning("%s: is left out, since it is no JSON: %s", place, error)
        return Told(records, read.at_end, len(read.records) - len(records) + read.unreadable)
