"""Looks at a worker from time to time, for its metrics."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from time import monotonic
from typing import Final, TypeAlias

from aiokafka.errors import KafkaError
from faust.types import TP

from streams.catalogue import workers as w
from streams.domain.watermark import BEGINNING
from streams.engines.kafka.worker import Worker

_LOOK_S: Final = 5.0
_PAUSE_S: Final = 0.2

Reading: TypeAlias = tuple[str, tuple[str, ...], float]
"""A metric, the values of its labels, and its own."""


class Watch:
    """Asks the brokers how far topics go, and tells it together with what the worker counts."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._lag: dict[TP, int] = {}
        self._usage: Mapping[str, int] = {}

    async def run(self, stop: Callable[[], bool]) -> None:
        """Look again and again until ``stop`` says so."""
        looked_at = monotonic()
        while not stop():
            await asyncio.sleep(_PAUSE_S)
            if monotonic() - looked_at < _LOOK_S:
                continue
            looked_at = monotonic()
            self._usage = self._worker.shelves.usage()
            with suppress(KafkaError):  # old figures stay: what matters then is how old the oldest record is
                self._lag = await self._look()

    def readings(self) -> Iterator[Reading]:
        """Return what the worker's metrics are now; from any thread."""
        worker, names = self._worker, self._names
        pumps = dict(worker.pumps)
        yield from worker.stats.readings()
        yield w.REBALANCES, (), worker.rebalances
        yield w.ASSIGNED, (), len(pumps)
        yield w.RECOVERING, (), worker.recovering
        for tp, lag in self._lag.items():
            if tp.partition in pumps:
                yield w.LAG, (names[tp.topic], str(tp.partition)), lag
        for partition, pump in pumps.items():
            watermark = pump.unit.progress.settled
            if watermark > BEGINNING:
                yield w.WATERMARK_OF, (str(partition),), watermark / 1000
        waiting = [pump.oldest for pump in pumps.values()]
        oldest = min((at for at in waiting if at is not None), default=None)
        if oldest is not None:
            yield w.OLDEST, (), oldest / 1000
        for kind, size in self._usage.items():
            yield w.SHELF_BYTES, (kind,), size

    @property
    def _names(self) -> dict[str, str]:
        topics = self._worker.config.topics
        return {topics.interactions.name: "interactions", topics.facts.name: "facts"}

    async def _look(self) -> dict[TP, int]:
        worker = self._worker
        if worker.app is None or worker.problem is not None:
            return {}
        tps = [TP(topic, partition) for topic in self._names for partition in worker.partitions]
        consumer = worker.app.batches
        ends, positions = await consumer.ends(tps), await consumer.positions(tps)
        processed = worker.processed()
        lag = {}
        for tp in tps:
            pump = worker.pumps.get(tp.partition)
            if pump is not None and tp in ends and tp in positions:
                # Marks of transactions are in a topic's length and yet no records: the consumer knows.
                done = positions[tp] if pump.since is None else processed.get(tp, 0)
                lag[tp] = max(ends[tp] - done, 0)
        return lag
