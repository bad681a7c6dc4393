"""Puts records in the log: acknowledged once as many brokers have them as must."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from streams.contracts.decode import BadRecord, decode
from streams.contracts.encode import encode
from streams.domain.events import ClockTicked, Event
from streams.domain.units import Millis
from streams.engines.kafka.config import KafkaConfig
from streams.engines.kafka.leaving import leave
from streams.engines.port import StorageError

SOURCE: Final = "outcome-monitor"
_BATCH: Final = 256 * 1024
"""From which size in bytes a batch of records is full: brokers take 1 MiB unless they are told otherwise."""
_WITHIN_S: Final = 20.0
_REQUEST_MS: Final = 10_000


def key_of(event: Event) -> bytes | None:
    """Return what the record of an event is keyed by: its spike, its contact, else its customer, else its agent."""
    for name in ("spike_key", "contact_id", "customer_id", "agent_id"):
        key: str | None = getattr(event, name, None)
        if key is not None:
            return key.encode()
    return None


def partition_of(key: bytes | None, partitions: int) -> int:
    """Return the partition that Kafka's own clients choose for a key; what has none may be in any."""
    return 0 if key is None else (murmur2(key) & 0x7FFFFFFF) % partitions


class LogProducer:
    """Writes to the log. Whatever becomes of a request, sending it again is safe: duplicates are recognised."""

    def __init__(self, config: KafkaConfig, connection: Mapping[str, Any]) -> None:
        self._config = config
        self._topic = config.topics.interactions.name
        self._connection = connection
        self._producer = self._make()
        self._renewing = asyncio.Lock()

    async def start(self) -> None:
        """Connect.

        Raises:
            KafkaError: the brokers can't be reached, or don't allow it.
        """
        await self._producer.start()

    async def close(self) -> None:
        """Send what is under way, if that can be done in a moment, and disconnect."""
        await leave(self._producer)

    async def append(self, records: Iterable[bytes], received_at: Millis) -> None:
        """Put records in the log, each in the partition of its key; the brokers have them on return.

        What is no event has no key, and becomes a dead letter once it is processed.

        Raises:
            StorageError: the brokers did not acknowledge all of them; some may be in the log.
        """
        chosen: defaultdict[int, list[tuple[bytes | None, bytes]]] = defaultdict(list)
        for record in records:
            try:
                key = key_of(decode(record, received_at))
            except BadRecord:
                key = None
            chosen[partition_of(key, self._config.partitions)].append((key, record))
        await self._write(chosen)

    async def tick(self, partitions: Iterable[int], at: Millis) -> None:
        """Tell partitions the time.

        Raises:
            StorageError: the brokers did not acknowledge it.
        """
        await self._write({p: [(None, encode(ClockTicked(f"tick-{uuid4().hex}", at, SOURCE)))] for p in partitions})

    def _make(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            acks="all",
            enable_idempotence=True,
            max_batch_size=2 * _BATCH,
            request_timeout_ms=_REQUEST_MS,
            **self._connection,
        )

    async def _renew(self, failed: AIOKafkaProducer) -> None:
        """Take another producer: one that has lost a batch may never send again, and says so only with the next."""
        async with self._renewing:
            if self._producer is not failed:
                return  # another request, which failed with it, has done it
            fresh = self._make()
            await leave(failed)
            try:
                await fresh.start()
            except KafkaError:
                await leave(fresh)  # the next request fails, too, and tries again
            except asyncio.CancelledError:  # nobody waits any more
                await leave(fresh)
                raise
            else:
                self._producer = fresh

    async def _write(self, chosen: Mapping[int, Sequence[tuple[bytes | None, bytes]]]) -> None:
        producer = self._producer
        sent: list[Any] = []
        try:
            async with asyncio.timeout(_WITHIN_S):
                for partition, records in chosen.items():
                    sent += await self._send(producer, partition, records)
                await asyncio.gather(*sent)
        except (KafkaError, TimeoutError) as error:
            await self._renew(producer)
            why = str(error) or f"no answer within {_WITHIN_S:g} s"
            msg = f"{', '.join(self._config.brokers)}: {self._topic}: {why}: are enough brokers up?"
            raise StorageError(msg) from error

    async def _send(
        self, producer: AIOKafkaProducer, partition: int, records: Sequence[tuple[bytes | None, bytes]]
    ) -> list[Any]:
        sent = []
        batch = producer.create_batch()
        for key, value in records:
            if batch.size() + len(value) > _BATCH and batch.record_count():
                sent.append(await producer.send_batch(batch, self._topic, partition=partition))
                batch = producer.create_batch()
            batch.append(timestamp=None, key=key, value=value)
        sent.append(await producer.send_batch(batch, self._topic, partition=partition))
        return sent
