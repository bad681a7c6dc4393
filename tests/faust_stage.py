"""An application of ours that Faust runs over topics in memory, with everything in it real but brokers and worker."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import aiokafka
import pytest
from faust.types import TP

from streams.engines.kafka.app import App
from streams.engines.kafka.config import KafkaConfig
from streams.engines.kafka.transport import ConsumerThread
from streams.engines.kafka.worker import Worker
from tests.kafka_in_memory import ConsumerInMemory, Record, Topics

PARTITIONS, STANDBYS = 4, 1
FLOWING, STOPPED = "flowing", "stopped"


@dataclass
class WorkerOnStage:
    """Stands in for the worker: notes what it is asked, and says that nothing was processed but two events each."""

    config: KafkaConfig
    topics: Topics
    app: Any = None
    own: set[int] = field(default_factory=set)
    places: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def shelves(self) -> "WorkerOnStage":
        return self

    def place(self, topic: str, partition: int) -> int | None:
        return self.places.get((topic, partition))

    def follow(self, topic: str, partition: int, _records: Iterable[Any], after: int) -> None:
        when = "recovering" if self.app.in_recovery else "working"
        self.topics.told.append(("follow", topic, partition, after, when))
        self.places[topic, partition] = after

    async def keep(self, partitions: set[int]) -> None:
        self.topics.told.append(("keep", frozenset(partitions)))

    async def fence(self, partitions: Iterable[int]) -> None:
        self.own = set(partitions)
        self.topics.told.append(("fence", frozenset(self.own)))

    def works_on(self, _partition: int) -> bool:
        return False  # each recovery on this stage is of what was let go

    async def halt(self) -> None:
        self.topics.told.append(("halt", FLOWING if self.app.consumer.flow_active else STOPPED))

    async def positions(self) -> Mapping[TP, int]:
        self.topics.told.append(("positions",))
        names = self.config.topics.interactions.name, self.config.topics.facts.name
        return {TP(name, partition): 2 for name in names for partition in self.own}

    def processed(self) -> Mapping[TP, int]:
        return {TP(self.config.topics.interactions.name, partition): 7 for partition in self.own}

    def take(self, tp: TP, records: Sequence[Record]) -> None:
        self.topics.told.append(("take", *tp, [record.offset for record in records]))

    def satisfied(self) -> set[TP]:
        return set()

    def fail(self, error: Exception) -> None:
        self.topics.told.append(("fail", str(error)))

    async def wait_for_room(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 10)


@dataclass
class Stage:
    """An application of ours that was started, was rebalanced, failed and was stopped, and what was seen of it."""

    app: App
    made_with: Mapping[str, Any]
    told: list[tuple[Any, ...]]
    rebalanced: int = 0
    failed: int = 0
    stopped: int = 0
    unread: int = 0
    services: list[Any] = field(default_factory=list)

    @property
    def started(self) -> list[tuple[Any, ...]]:
        return self.told[: self.rebalanced]

    @property
    def again(self) -> list[tuple[Any, ...]]:
        return self.told[self.rebalanced : self.failed]

    @property
    def after_a_failure(self) -> list[tuple[Any, ...]]:
        return self.told[self.failed : self.stopped]

    @property
    def at_the_end(self) -> list[tuple[Any, ...]]:
        return self.told[self.stopped :]

    def first(self, what: str, *begins: object, among: Sequence[tuple[Any, ...]] | None = None) -> int:
        told = self.started if among is None else among
        return next(n for n, one in enumerate(told) if one[: len(begins) + 1] == (what, *begins))

    def all(self, what: str, *begins: object) -> list[tuple[Any, ...]]:
        return [one[1:] for one in self.started if one[: len(begins) + 1] == (what, *begins)]


async def see_it_grow(patch: pytest.MonkeyPatch, folder: Path) -> list[tuple[Any, ...]]:
    """Start an application of which one topic has more partitions than it was made for; return what was seen."""
    config = KafkaConfig(state=folder, partitions=PARTITIONS, brokers=("nowhere:1",))
    ConsumerInMemory.topics = topics = Topics(PARTITIONS, members=2, grown={config.topics.interactions.name: 6})
    worker = WorkerOnStage(config, topics)
    worker.app = app = App(cast("Any", worker), config, {"bootstrap_servers": "nowhere:1"})
    app.conf.stream_recovery_delay = 0.0
    patch.setattr(aiokafka, "AIOKafkaConsumer", ConsumerInMemory)
    await app.start()
    patch.undo()
    await until(lambda: {"fail", "positions"} & {what for what, *_ in topics.told})
    await app.stop()
    return topics.told


async def perform(patch: pytest.MonkeyPatch, folder: Path) -> Stage:
    config = KafkaConfig(state=folder, partitions=PARTITIONS, standbys=STANDBYS, brokers=("nowhere:1",))
    topics = Topics(PARTITIONS, members=2)
    for topic in (config.topics.interactions, config.topics.facts, config.topics.state, config.topics.ledger):
        for partition in range(PARTITIONS):
            topics.write(topic.name, partition, 5)
    made: dict[str, Any] = {}

    def make(**arguments: Any) -> ConsumerInMemory:  # noqa: ANN401
        made.update(arguments)
        return ConsumerInMemory(**arguments)

    ConsumerInMemory.topics = topics
    worker = WorkerOnStage(config, topics, places={(config.topics.ledger.name, p): 3 for p in range(PARTITIONS)})
    connection = {"bootstrap_servers": "nowhere:1", "client_id": "us", "security_protocol": "PLAINTEXT"}
    worker.app = app = App(cast("Any", worker), config, connection)
    app.conf.stream_recovery_delay = 0.0
    stage = Stage(app, made, topics.told, services=[*app.boot_strategy.server()])
    patch.setattr(aiokafka, "AIOKafkaConsumer", make)
    await app.start()
    patch.undo()
    thread = cast("ConsumerThread", cast("Any", app.consumer)._thread)  # noqa: SLF001 - a test may
    app.tables.changelog_queue.put_nowait(cast("Any", None))
    await until(lambda: not app.rebalancing and has_taken(topics.told) and app.tables.standbys_ready)
    await app.consumer.commit()
    stage.rebalanced, stage.unread = len(topics.told), app.tables.changelog_queue.qsize()
    await thread.call_thread(cast("Any", thread._consumer).rebalance)  # noqa: SLF001
    await until(lambda: not app.rebalancing and has_taken(topics.told[stage.rebalanced :]))
    stage.failed = len(topics.told)
    await Worker._recover(cast("Any", worker))  # noqa: SLF001
    await until(lambda: not app.rebalancing and has_taken(topics.told[stage.failed :]))
    stage.stopped = len(topics.told)
    await app.stop()
    return stage


def has_taken(told: Sequence[tuple[Any, ...]]) -> bool:
    """Whether something was taken of both sources, in each of the partitions that one of two members has."""
    return len({one[1:3] for one in told if one[0] == "take"}) == 2 * (PARTITIONS // 2)


async def until(true: Callable[[], object]) -> None:
    while not true():  # noqa: ASYNC110 - a test that hangs is stopped
        await asyncio.sleep(0.02)
