"""Writes what a step came to, in one transaction that nobody else can write into."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from time import time_ns
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from streams.contracts.dead_letters import DeadLetter, Header
from streams.engines.kafka.config import Topics
from streams.engines.kafka.leaving import leave
from streams.engines.kafka.shelf import Place
from streams.engines.kafka.step import Step
from streams.engines.port import StorageError

_BATCH: Final = 512 * 1024
"""From which size in bytes a batch of records is full: brokers take 1 MiB unless they are told otherwise."""
DEAD_LETTER_BYTES: Final = 2**21
"""Largest batch of dead letters: they must fit in whatever a source got past the brokers."""
_KEPT_OF_A_DEAD_LETTER: Final = DEAD_LETTER_BYTES - 64 * 1024
_KEPT_OF_A_KEY: Final = 32 * 1024


class _Sent(NamedTuple):
    """A batch on its way: where to, its size in bytes, how many records it has, and what the brokers say to it."""

    topic: str
    size: int
    records: int
    answer: asyncio.Future[Any]


class Record(NamedTuple):
    """A record about to be written."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[Header] = ()


class Writer:
    """A transactional producer of one partition's own.

    Its transactional id is made of the application and the partition, so a new owner of the partition fences the old
    one: whatever that has under way is undone, and it can't write any more. After an error of any kind a writer is of
    no use; whether its last transaction counts is known once the next owner has started.
    """

    def __init__(
        self, application: str, partition: int, topics: Topics, connection: Mapping[str, Any], timeout_ms: int
    ) -> None:
        self._partition = partition
        self._topics = topics
        self._producer = AIOKafkaProducer(
            transactional_id=f"{application}-{partition}",
            transaction_timeout_ms=timeout_ms,
            max_batch_size=DEAD_LETTER_BYTES,
            acks="all",
            **connection,
        )
        self._sent: list[_Sent] = []

    async def start(self) -> None:
        """Fence whoever wrote for the partition before, and wait until what they left open has been undone.

        Raises:
            KafkaError: the brokers can't be reached, or don't allow it.
        """
        await self._producer.start()

    async def write(self, step: Step) -> list[Place]:
        """Write all of a step, or nothing. Return how far the changelogs then go.

        Raises:
            KafkaError: the step may have been written or not; this writer is of no use any more.
            StorageError: it was not, since brokers take no records as large; trying again does not mend it.
        """
        topics, own = self._topics, self._partition
        await self._producer.begin_transaction()
        self._sent = []
        for to, pack in step.packs:
            await self._send(topics.facts.name, to, [Record(None, pack)])
        await self._send(topics.outcomes.name, own, (Record(*outcome) for outcome in step.outcomes))
        await self._send(topics.nudges.name, own, (Record(*nudge) for nudge in step.nudges))
        await self._send(topics.dead_letters.name, own, map(_dead_letter, step.dead))
        ledger = await self._send(topics.ledger.name, own, (Record(*write) for write in step.ledger))
        state = await self._send(topics.state.name, own, (Record(*write) for write in step.state))
        # Only what the brokers have acknowledged may be committed: a commit doesn't look at batches that failed.
        await self._acknowledged()
        await self._producer.commit_transaction()
        return [
            Place(last.topic, last.answer.result().offset + last.records)
            for last in (ledger, state)
            if last is not None
        ]

    async def close(self) -> None:
        """Let go of the connections. What is under way is undone when its time is over, or by the next owner."""
        await leave(self._producer)

    async def _acknowledged(self) -> None:
        """Wait until the brokers have all that was sent."""
        try:
            await asyncio.gather(*(sent.answer for sent in self._sent))
        except MessageSizeTooLargeError as error:
            refused = [f"{sent.topic} a record of {sent.size} bytes" for sent in self._sent if _is_too_large(sent)]
            msg = f"brokers refuse for {', '.join(refused)}: raise max.message.bytes of that topic"
            raise StorageError(msg) from error

    async def _send(self, topic: str, partition: int, records: Iterable[Record]) -> _Sent | None:
        """Send records in as few batches as they fit in, one that is larger in its own; return the last batch."""
        now = time_ns() // 1_000_000
        batch = self._producer.create_batch()
        last = None
        for key, value, headers in records:
            if batch.size() + len(value or b"") > _BATCH and batch.record_count():
                last = await self._submit(batch, topic, partition)
                batch = self._producer.create_batch()
            batch.append(timestamp=now, key=key, value=value, headers=[*headers])
        return await self._submit(batch, topic, partition) if batch.record_count() else last

    async def _submit(self, batch: Any, topic: str, partition: int) -> _Sent:  # noqa: ANN401
        size, records = batch.size(), batch.record_count()
        batch.close()
        sent = _Sent(topic, size, records, await self._producer.send_batch(batch, topic, partition=partition))
        self._sent.append(sent)
        return sent


def _is_too_large(sent: _Sent) -> bool:
    return sent.answer.done() and isinstance(sent.answer.exception(), MessageSizeTooLargeError)


def _dead_letter(dead: DeadLetter) -> Record:
    """Return the record of a dead letter, cut where it would be too large."""
    size = len(dead.value)
    if dead.key is not None and len(dead.key) > _KEPT_OF_A_KEY:
        dead = replace(dead, key=dead.key[:_KEPT_OF_A_KEY])
    if size > _KEPT_OF_A_DEAD_LETTER:
        dead = replace(dead, value=dead.value[:_KEPT_OF_A_DEAD_LETTER], cut_from=size)
    return Record(dead.key, dead.value, dead.headers())
