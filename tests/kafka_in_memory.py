"""A consumer of aiokafka without brokers: what Faust does with one can be seen, and when."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar, NamedTuple, Self

from aiokafka import TopicPartition
from faust.types import TP


class Record(NamedTuple):
    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes


@dataclass
class Topics:
    """What there is to be read, and what those who read it did, in order."""

    partitions: int
    members: int
    records: dict[TopicPartition, list[Record]] = field(default_factory=dict)
    told: list[tuple[Any, ...]] = field(default_factory=list)
    grown: dict[str, int] = field(default_factory=dict)
    """How many partitions topics have that have other than the rest."""

    def write(self, topic: str, partition: int, count: int) -> None:
        records = self.records.setdefault(TopicPartition(topic, partition), [])
        records += [Record(topic, partition, len(records) + n, b"k", b"v") for n in range(count)]

    def end(self, tp: Any) -> int:  # noqa: ANN401 - of aiokafka or of Faust
        return len(self.records.get(TopicPartition(tp.topic, tp.partition), ()))

    def partitions_for_topic(self, topic: str) -> set[int]:
        """As the assignor asks it."""
        return set(range(self.grown.get(topic, self.partitions)))


class ConsumerInMemory:
    """One of several like members of a group; the assignor, Faust's, gives it a share of all topics."""

    topics: ClassVar[Topics]

    def __init__(self, *, partition_assignment_strategy: Sequence[Any], max_poll_records: int, **_: object) -> None:
        [self._assignor] = partition_assignment_strategy
        self._max_poll_records = max_poll_records
        self._coordinator = SimpleNamespace(generation=0)
        self._fetcher = self._subscriptions = self
        self._closed = False
        self._position: dict[TopicPartition, int] = {}
        self._listener: Any = None
        self._names: set[str] = set()

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        self._closed = True

    def subscribe(self, topics: set[str], listener: Any) -> None:  # noqa: ANN401
        self._names, self._listener = topics, listener
        self.joining = asyncio.ensure_future(self.rebalance())

    async def rebalance(self) -> None:
        """Do as the coordinator of a group does."""
        listener, assignor = self._listener, self._assignor
        await listener.on_partitions_revoked(self.assignment())
        members = {f"member-{n}": assignor.metadata(self._names) for n in range(self.topics.members)}
        given = assignor.assign(self.topics, members)["member-0"]
        assignor.on_assignment(given)
        self._coordinator.generation += 1
        self._position = dict.fromkeys(given.partitions(), 0)
        self.topics.told.append(("assigned", frozenset(self._position)))
        await listener.on_partitions_assigned(self.assignment())

    def assignment(self) -> set[TopicPartition]:
        return set(self._position)

    def seek(self, tp: TP, offset: int) -> None:
        self.topics.told.append(("seek", *tp, offset))
        self._position[TopicPartition(*tp)] = offset

    async def position(self, tp: TP) -> int:
        return self._position[TopicPartition(*tp)]

    async def beginning_offsets(self, tps: Sequence[TP]) -> Mapping[TP, int]:
        return dict.fromkeys(tps, 0)

    async def end_offsets(self, tps: Sequence[TP]) -> Mapping[TP, int]:
        self.topics.told.append(("ends", frozenset(tps)))
        return {tp: self.topics.end(tp) for tp in tps}

    async def commit(self, offsets: Mapping[TopicPartition, Any]) -> None:
        self.topics.told.append(("commit", {tp: offset.offset for tp, offset in offsets.items()}))

    @contextmanager
    def fetch_context(self) -> Iterator[Self]:
        yield self

    async def fetched_records(
        self,
        partitions: set[TP],
        timeout: float,  # noqa: ASYNC109 - aiokafka's signature
        max_records: int,
    ) -> Mapping[TP, list[Record]]:
        """As the fetcher does, whose part the consumer plays as well."""
        fetched: dict[TP, list[Record]] = {}
        for tp in map(TopicPartition._make, partitions):
            position = self._position.get(tp, 0)
            if records := self.topics.records.get(tp, [])[position : position + max_records]:
                fetched[TP(*tp)] = records
                self._position[tp] = records[-1].offset + 1
        if not fetched:
            await asyncio.sleep(min(timeout, 0.02))
        return fetched
