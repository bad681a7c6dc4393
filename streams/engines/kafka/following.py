"""Follows topics from places of one's own: in the order of time, nothing lost and nothing twice, whatever happens.

What is read is told apart from what is fetched: a place moves on only with what was handed out, so that a connection
can be given up at any time, and begun again from there.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from heapq import merge
from math import inf
from time import time
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaError, OffsetOutOfRangeError

from streams.contracts.times import rfc3339
from streams.domain.units import MINUTE, SECOND, Millis
from streams.engines.kafka.leaving import leave

logger = logging.getLogger(__name__)

_WAIT_MS: Final = 200
_AHEAD: Final = 2_000
"""How many records of a partition may wait for those of others before no more of it are fetched."""
_AGAIN_S: Final = 5.0
_CAREFULLY_S: Final = 0.002
_METADATA_MS: Final = 30 * SECOND
"""How often it is looked up who leads a partition, and whether there are more of them."""
_SILENT_MS: Final[Millis] = 10 * SECOND
"""Brokers answer twice a second, even if there is nothing to tell; for so long they may be kept from it."""
_AROUND: Final[Millis] = MINUTE
"""Clocks of those who write differ: so much earlier is begun where a place has to be found by time."""


class Place(NamedTuple):
    """Where to go on in a partition: at an offset; where none is known, or it is gone, by the time of the records."""

    offset: int | None
    at: Millis


class Read(NamedTuple):
    """What came next, as the brokers keep it, and whether that was all that there is for now.

    ``unreadable`` is how many records came beside these that a broker's disk has damaged.
    """

    records: Sequence[Any]
    at_end: bool
    unreadable: int = 0


class _Waiting(NamedTuple):
    """A record that was fetched; ``at`` is when it was written, and not before any other of its partition."""

    at: Millis
    record: Any


class Followed:
    """Reads the committed records of topics; those of all partitions together in the order in which they were written.

    It belongs to one event loop. What a broker no longer has, because it is too old or because the topic was made
    again, is told, and left out.

    Attributes:
        places: where to go on after what was read, by partition; they may be kept, and given to another one.
        problem: what stands in the way of being up to date; may be read from any thread.
    """

    def __init__(
        self,
        topics: Sequence[str],
        partitions: int,
        connection: Mapping[str, Any],
        since: Millis,
        places: Mapping[TopicPartition, Place] | None = None,
    ) -> None:
        """Begin nothing yet.

        Args:
            topics: which; of records that were written at the same time, those of the first come first.
            partitions: how many each has at least; more are found.
            connection: how the brokers are reached.
            since: where a partition has no place yet, what was written from this time on is read.
            places: of partitions, as they were kept.
        """
        self.places = dict(places or {})
        self.problem: str | None = "the topics are being read"
        self._partitions = dict.fromkeys(topics, partitions)
        self._connection = connection
        self._since = since
        self._waiting: dict[TopicPartition, deque[_Waiting]] = {}
        self._consumer: AIOKafkaConsumer | None = None
        self._is_careful = False
        self._unreadable = 0

    async def read(self) -> Read:
        """Wait until something was written, or for a moment; return what comes next, none of it twice."""
        try:
            consumer = self._consumer or await self._connect()
            return await self._read(consumer)
        except OffsetOutOfRangeError as error:
            self._lose(error.args[0])
            await self.aclose()
        except CorruptRecordException:  # whatever was fetched with it is gone
            self._is_careful = True
            await self.aclose()
        except (KafkaError, ConnectionError, TimeoutError) as error:
            self.problem = f"{', '.join(self._partitions)}: {error!r}"
            logger.warning("%s: is tried again in %g s", self.problem, _AGAIN_S)
            await self.aclose()
            await asyncio.sleep(_AGAIN_S)
        return Read((), at_end=False)

    async def aclose(self) -> None:
        """Disconnect; reading connects again, and goes on after what was read."""
        consumer, self._consumer = self._consumer, None
        self._waiting = {}
        if consumer is not None:
            await leave(consumer)

    async def _connect(self) -> AIOKafkaConsumer:
        self._consumer = consumer = AIOKafkaConsumer(
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            metadata_max_age_ms=_METADATA_MS,
            **self._connection,
        )
        await consumer.start()
        tps = [TopicPartition(topic, partition) for topic, n in self._partitions.items() for partition in range(n)]
        consumer.assign(tps)
        self.places |= {tp: Place(None, self._since) for tp in tps if tp not in self.places}
        await self._find(consumer, {tp: self.places[tp].at for tp in tps if self.places[tp].offset is None})
        for tp in tps:
            consumer.seek(tp, self.places[tp].offset)
        self._waiting = {tp: deque() for tp in tps}
        return consumer

    async def _find(self, consumer: AIOKafkaConsumer, times: Mapping[TopicPartition, Millis]) -> None:
        """Find the first records that were written at given times or later; where there are none yet, the end."""
        if not times:
            return
        ends = await consumer.end_offsets(list(times))  # first: what is written meanwhile comes after it
        found = await consumer.offsets_for_times(times)
        for tp, at in times.items():
            self.places[tp] = Place(found[tp].offset if found[tp] is not None else ends[tp], at)

    def _lose(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Have places found by time whose offsets are not there, or not any more."""
        for tp, offset in offsets.items():
            self.places[tp] = Place(None, max(self.places[tp].at - _AROUND, 0))
            logger.warning(
                "%s: partition %d has no offset %d: its records were deleted, or the topic was made again;"
                " goes on with what was written since %s",
                *(tp.topic, tp.partition, offset, rfc3339(self.places[tp].at)),
            )

    async def _read(self, consumer: AIOKafkaConsumer) -> Read:
        hungry = [tp for tp, waiting in self._waiting.items() if len(waiting) < _AHEAD]
        if self._is_careful:
            await self._fetch_singly(consumer, hungry)
        elif hungry:
            for tp, records in (await consumer.getmany(*hungry, timeout_ms=_WAIT_MS)).items():
                self._take(tp, records)
        unfinished = [tp for tp in self._waiting if not await _is_at_end(consumer, tp)]
        records = self._release(unfinished)
        silent = _silent(consumer, [tp for tp in hungry if not self._waiting[tp]])
        at_end = not (unfinished or silent or any(self._waiting.values()))
        self._is_careful = self._is_careful and not at_end
        self._tell(unfinished, silent)
        if self._has_grown(consumer):
            await self.aclose()
        unreadable, self._unreadable = self._unreadable, 0
        return Read(records, at_end, unreadable)

    async def _fetch_singly(self, consumer: AIOKafkaConsumer, tps: Collection[TopicPartition]) -> None:
        """Fetch one record of each partition, so that none is lost with one that is damaged, which is left out."""
        for tp in tps:
            try:
                self._take(tp, (await consumer.getmany(tp, max_records=1)).get(tp, ()))
            except CorruptRecordException:
                offset = await consumer.position(tp)
                logger.warning("%s: partition %d, offset %d is damaged: is left out", *tp, offset)
                consumer.seek(tp, offset + 1)
                self._unreadable += 1
        await asyncio.sleep(_CAREFULLY_S)

    def _take(self, tp: TopicPartition, records: Sequence[Any]) -> None:
        waiting = self._waiting[tp]
        at = waiting[-1].at if waiting else self.places[tp].at
        for record in records:
            at = max(at, record.timestamp)
            waiting.append(_Waiting(at, record))

    def _release(self, unfinished: Collection[TopicPartition]) -> list[Any]:
        """Return what waits, in its order, as far as nothing earlier can come from partitions that have more."""
        until = min((self._waiting[tp][-1].at if self._waiting[tp] else -inf for tp in unfinished), default=inf)
        parts = []
        for tp, waiting in self._waiting.items():
            part = []
            while waiting and waiting[0].at <= until:
                part.append(waiting.popleft())
            if part:
                self.places[tp] = Place(part[-1].record.offset + 1, part[-1].at)
            parts.append(part)
        return [one.record for one in merge(*parts, key=_written)]

    def _tell(self, unfinished: Collection[TopicPartition], silent: Collection[TopicPartition]) -> None:
        """Keep what stands in the way of being up to date; in the log it is told once."""
        before = self.problem
        if silent:
            self.problem = f"{_names(silent)}: no broker has answered for {_SILENT_MS // SECOND} s"
            if self.problem != before:
                logger.warning("%s", self.problem)
        else:
            self.problem = f"{_names(unfinished)}: being read" if unfinished else None

    def _has_grown(self, consumer: AIOKafkaConsumer) -> bool:
        """Say whether there are partitions that are not read yet."""
        before = dict(self._partitions)
        for topic, n in before.items():
            self._partitions[topic] = max(n, len(consumer.partitions_for_topic(topic) or ()))
        return self._partitions != before


async def _is_at_end(consumer: AIOKafkaConsumer, tp: TopicPartition) -> bool:
    """Say whether all was fetched that was committed when a broker answered last."""
    stable = consumer.last_stable_offset(tp)
    return stable is not None and await consumer.position(tp) >= stable


def _silent(consumer: AIOKafkaConsumer, tps: Collection[TopicPartition]) -> list[TopicPartition]:
    """Return the partitions of which no broker has told anything for long."""
    before = round(time() * SECOND) - _SILENT_MS
    heard = {tp: consumer.last_poll_timestamp(tp) for tp in tps}
    return [tp for tp, at in heard.items() if at is not None and at < before]


def _names(tps: Collection[TopicPartition]) -> str:
    return ", ".join(sorted({tp.topic for tp in tps}))


def _written(waiting: _Waiting) -> Millis:
    return waiting.at
