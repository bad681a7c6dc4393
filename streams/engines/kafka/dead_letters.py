"""Dead letters on Kafka: reads their topic, and puts records in the log again."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from streams.contracts import dead_letters as contract
from streams.domain.units import Millis
from streams.engines.kafka import topics
from streams.engines.kafka.config import KafkaConfig
from streams.engines.kafka.leaving import leave
from streams.engines.kafka.producing import LogProducer
from streams.engines.port import DeadLetter, StorageError

logger = logging.getLogger(__name__)

_WAIT_MS: Final = 200
_BATCH: Final = 1_000


class TopicDeadLetters:
    """The dead letters of an application. An id is the partition and the offset of the record: ``3/17``.

    What was redriven is noted in the same partition, in a record without a value.
    """

    def __init__(self, config: KafkaConfig, connection: Mapping[str, Any]) -> None:
        self._config = config
        self._connection = connection

    def read(self, *, reason: str | None = None, everything: bool = False) -> Iterator[DeadLetter]:
        """Return dead letters, oldest first in each partition: those of one reason or of all, without the redriven.

        Raises:
            StorageError: the brokers can't be reached, or there is no such topic.
        """
        redriven = {f"{one.partition}/{offset}" for one in self._records() if (offset := _redriven_by(one)) is not None}
        for record in self._records():
            letter = _letter_of(record)
            if letter is None:
                continue
            letter = letter._replace(redriven=letter.id in redriven)
            if (everything or not letter.redriven) and reason in (None, letter.reason):
                yield letter

    def redrive(self, letters: Sequence[tuple[str, bytes]], received_at: Millis) -> None:
        """Put records in the log again and note it; should it be cut short, doing it again is safe.

        Args:
            letters: their ids, each with the record to put in the log: as it came, or corrected.
            received_at: when that is, to judge the times that the records tell.

        Raises:
            StorageError: the brokers did not acknowledge all of them.
        """
        asyncio.run(self._redrive(letters, received_at))

    async def _check(self) -> None:
        """Look at the topics first: asked for one that is missing, brokers may make it as they like."""
        found = await topics.problems(self._config, self._connection)
        if found:
            raise StorageError("\n".join(found))

    async def _redrive(self, letters: Sequence[tuple[str, bytes]], received_at: Millis) -> None:
        await self._check()
        log = LogProducer(self._config, self._connection)
        notes = AIOKafkaProducer(acks="all", enable_idempotence=True, **self._connection)
        async with self._translated():
            try:
                await log.start()
                await notes.start()
                for start in range(0, len(letters), _BATCH):
                    batch = letters[start : start + _BATCH]
                    await log.append([record for _, record in batch], received_at)
                    await asyncio.gather(*[await self._note(notes, letter) for letter, _ in batch])
            finally:
                await log.close()
                await leave(notes)

    async def _note(self, notes: AIOKafkaProducer, letter: str) -> "asyncio.Future[Any]":
        partition, offset = letter.split("/")
        headers = [(contract.HEADER_REDRIVEN, offset.encode())]
        sent: asyncio.Future[Any] = await notes.send(
            self._config.topics.dead_letters.name, key=letter.encode(), partition=int(partition), headers=headers
        )
        return sent

    def _records(self) -> Iterator[Any]:
        """Yield the records that the topic has now."""
        topic = self._config.topics.dead_letters.name
        partitions = [TopicPartition(topic, partition) for partition in range(self._config.partitions)]
        with asyncio.Runner() as runner:
            consumer, ends = runner.run(self._begin(partitions))
            try:
                while (records := runner.run(self._more(consumer, ends))) is not None:
                    yield from records
            finally:
                runner.run(leave(consumer))

    async def _begin(
        self, partitions: Sequence[TopicPartition]
    ) -> tuple[AIOKafkaConsumer, Mapping[TopicPartition, int]]:
        """Return a reader at the beginning of the topic, and where its partitions end."""
        await self._check()
        consumer = AIOKafkaConsumer(
            enable_auto_commit=False, auto_offset_reset="earliest", isolation_level="read_committed", **self._connection
        )
        async with self._translated():
            try:
                await consumer.start()
                consumer.assign(partitions)
                await consumer.seek_to_beginning(*partitions)
                return consumer, await consumer.end_offsets(partitions)
            except BaseException:
                await leave(consumer)
                raise

    async def _more(self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> list[Any] | None:
        """Return the next records, ``None`` after the last."""
        async with self._translated():
            if all([await consumer.position(tp) >= end for tp, end in ends.items()]):
                return None
            fetched = await consumer.getmany(timeout_ms=_WAIT_MS)
        return [record for records in fetched.values() for record in records]

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        try:
            yield
        except KafkaError as error:
            msg = (
                f"{', '.join(self._config.brokers)}: {self._config.topics.dead_letters.name}: {error}: check"
                " kafka.brokers and kafka.security, and `outcome-monitor topics check`"
            )
            raise StorageError(msg) from error


def _redriven_by(record: Any) -> str | None:  # noqa: ANN401 - the brokers' records have no type
    """Return the offset of the dead letter that a record notes as redriven, if that is what it does."""
    return next(
        (said.decode(errors="replace") for name, said in record.headers if name == contract.HEADER_REDRIVEN), None
    )


def _letter_of(record: Any) -> DeadLetter | None:  # noqa: ANN401 - the brokers' records have no type
    key = f"{record.partition}/{record.offset}"
    if _redriven_by(record) is not None:
        return None
    try:
        letter = contract.DeadLetter.read(record.key, record.value, record.headers)
    except ValueError as error:
        logger.warning("%s %s: %s: is no dead letter of ours", record.topic, key, error)
        return None
    return DeadLetter(
        *(key, letter.offset, letter.received_at, letter.reason, letter.detail, letter.value, False), letter.cut_from
    )
