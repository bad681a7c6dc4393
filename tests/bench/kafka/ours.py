"""Ours: a whole worker, with all metrics, all verdicts, dead letters and the ledger, exactly once."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from faust.types import TP

from streams.domain.policy import Policy
from streams.engines.kafka import topics
from streams.engines.kafka.config import KafkaConfig, Topic, Topics
from streams.engines.kafka.connection import connection
from streams.engines.kafka.keeping import PROGRESS, Progress
from streams.engines.kafka.worker import Worker
from tests.bench.kafka.meter import Meter
from tests.bench.kafka.task import Task

_LOOK_S = 0.02


class Measured(Worker):
    """A worker that says when it is handed its first record."""

    def __init__(self, config: KafkaConfig, meter: Meter) -> None:
        """Make one that tells a meter."""
        super().__init__(config, Policy())
        self._meter = meter

    def take(self, tp: TP, records: Sequence[Any]) -> None:
        """Process records, sooner or later."""
        self._meter.begin()
        super().take(tp, records)


def config(bootstrap: str, name: str, source: str, partitions: int, folder: str) -> KafkaConfig:
    """Return the settings of an application with topics of its own but for the source."""
    own = {topic: Topic(f"{name}.{topic}") for topic in ("ledger", "state")}
    kept = {
        topic: Topic(f"{name}.{topic}", getattr(Topics(), topic).retention)
        for topic in ("facts", "outcomes", "nudges", "dead_letters")
    }
    return KafkaConfig(
        brokers=(bootstrap,),
        application=name,
        partitions=partitions,
        topics=Topics(interactions=Topic(source, Topics().interactions.retention), **kept, **own),
        state=Path(folder),
        tick=None,
    )


def run(task: Task, meter: Meter) -> None:
    """Read the log."""
    log = task.log
    asyncio.run(_run(config(task.bootstrap, task.name, log.topic, log.partitions, task.folder), task, meter))
    meter.tell(None, f"{task.name}.state", f"{task.name}.ledger")


async def _run(settings: KafkaConfig, task: Task, meter: Meter) -> None:
    await topics.create(settings, connection(settings))
    worker = Measured(settings, meter)
    done = False
    working = asyncio.create_task(worker.run(lambda: done))
    while not (done or working.done()):
        await asyncio.sleep(_LOOK_S)
        meter.passed(worker.stats.records["interactions"] - meter.records)
        if _is_settled(worker, task):
            meter.end()
            done = True
    await working


def _is_settled(worker: Worker, task: Task) -> bool:
    """Is all of the log processed and durable, and every verdict passed?"""
    log = task.log
    if len({tp.partition for tp in worker.processed()}) < log.partitions:
        return False
    kept = [worker.shelves[partition].get(PROGRESS) for partition in range(log.partitions)]
    progress = [Progress.load(raw) for raw in kept if raw is not None]
    return (
        len(progress) == log.partitions
        and sum(each.events_next for each in progress) == log.records
        and all(each.settled >= log.until for each in progress)
    )
