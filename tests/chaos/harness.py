"""A site on Kafka under load while things go wrong, and the embedded engine on the same log, where nothing does."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic, time

from streams.domain import measures as m
from streams.domain.ledger import Entry, Series
from streams.domain.policy import Policy
from streams.domain.units import DAY, Millis
from streams.engines.embedded import EmbeddedEngine
from streams.engines.kafka.producing import LogProducer
from streams.engines.port import StorageError
from tests.engines import BY_PARTITION
from tests.kafka_process import Process, write_settings
from tests.ledgers import rows
from tests.site import Site

ROOT = Path(__file__).parents[2]
_CHUNK_S = 0.1

Totals = dict[Series, tuple[int, int]]


@dataclass
class Faulty:
    """A site with workers, a log that is being written, and a fault that happens meanwhile."""

    site: Site
    folder: Path
    log: Sequence[bytes]
    rate: float
    seed: int
    workers: list[Process] = field(default_factory=list)
    retries: int = 0
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_settings(self.site, self.folder / "config")

    def add(self, limits: Callable[[], None] | None = None, state: Path | None = None) -> Process:
        """Start another worker."""
        state = state or self.folder / f"worker-{len(self.workers)}"
        worker = Process(self.folder / "config", state, limits=limits)
        self.workers.append(worker)
        worker.start()
        return worker

    def any_running(self) -> Process:
        """One of those that run."""
        return self.random.choice([worker for worker in self.workers if worker.runs])

    async def run(self, workers: int, fault: Callable[["Faulty"], Awaitable[None]], within: float = 240.0) -> None:
        """Have workers process the log while the fault happens; what they come to must be what it should be."""
        try:
            for _ in range(workers):
                self.add()
            for worker in self.workers:
                await worker.said("processes")
            producing = asyncio.create_task(self.produce())
            await fault(self)
            await producing
            end = await self.tick()
            ledger = await self.site.settled(end - 1, within)
            for worker in self.workers:
                await worker.stop()
            self.compare(ledger, await self.site.outcomes(), end)
        finally:
            for worker in self.workers:
                worker.kill()

    async def produce(self) -> None:
        """Put the log in the topic at its rate, each record until the brokers have it, and in order."""
        producer = LogProducer(self.site.config, self.site.connection)
        await producer.start()
        try:
            began, sent = monotonic(), 0
            while sent < len(self.log):
                due = min(int((monotonic() - began) * self.rate) + 1, len(self.log))
                await self._insist(producer, self.log[sent:due])
                sent = due
                await asyncio.sleep(_CHUNK_S)
        finally:
            await producer.close()

    async def _insist(self, producer: LogProducer, records: Sequence[bytes]) -> None:
        while True:
            try:
                await producer.append(records, round(time() * 1000))
            except StorageError:
                self.retries += 1
                await asyncio.sleep(0.5)
            else:
                return

    async def tick(self) -> Millis:
        """Let all time pass that anything waits for; return until when."""
        end = END
        await self.site.tick(end + Policy().lateness)
        return end

    def compare(self, ledger: Iterable[Entry], outcomes: Counter[bytes], end: Millis) -> None:
        """Make sure that ledger and outcomes are those of an undisturbed run of the embedded engine."""
        engine = EmbeddedEngine(":memory:", Policy())
        engine.ingest(self.log, round(time() * 1000), {})
        engine.advance(end)
        ignored = BY_PARTITION | ({m.EVENTS, m.DEAD_LETTERS} if self.retries else set())
        found, wanted = (_totals(entries, ignored) for entries in (ledger, rows(engine.ledger)))
        wrong = {key: (found.get(key), wanted.get(key)) for key in found.keys() | wanted.keys()}
        wrong = {key: pair for key, pair in wrong.items() if pair[0] != pair[1]}
        assert not wrong, f"{len(wrong)} series of the ledger differ (found, wanted): {list(wrong.items())[:5]}"
        expected = Counter(value for _, value in engine.outcomes())
        assert outcomes == expected, f"outcomes: {outcomes.total()}, not {expected.total()}"
        engine.close()


START = 1_767_225_600_000
END = START + 200 * DAY


def _totals(entries: Iterable[Entry], ignored: AbstractSet[str]) -> Totals:
    """What was counted, but for the ticks, of which every partition has its own."""
    return {
        series: (added, retracted)
        for series, added, retracted in entries
        if (added or retracted) and series.name not in ignored and series.labels != ("clock.tick",)
    }
