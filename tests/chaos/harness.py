"""A site on Kafka under load while things go wrong, and the embedded engine on the same log, where nothing does."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic, time
from typing import Any

import yaml

from streams.domain import measures as m
from streams.domain.ledger import Entry, Series
from streams.domain.policy import Policy
from streams.domain.units import DAY, Millis
from streams.engines.embedded import EmbeddedEngine
from streams.engines.kafka.producing import LogProducer
from streams.engines.port import StorageError
from tests.engines import BY_PARTITION
from tests.site import Site

ROOT = Path(__file__).parents[2]
_CHUNK_S = 0.1

Totals = dict[Series, tuple[int, int]]


@dataclass
class Process:
    """A worker in a process of its own, with a folder for its state."""

    site: Site
    config: Path
    state: Path
    limits: Callable[[], None] | None = None
    _process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it; what it says goes to a file beside its state."""
        command = [sys.executable, "-m", "streams.cli", "run", "--engine", "kafka", "--role", "worker", "--port", "0"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*command, "--config", str(self.config), "--state", str(self.state)],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=self.limits,  # noqa: PLW1509 - sets a limit, and nothing else
            )

    @property
    def log(self) -> Path:
        """What it said."""
        return self.state.with_name(f"{self.state.name}.log")

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def ended(self, within: float = 60.0) -> int:
        """Wait until it has ended; return its exit code."""
        assert self._process is not None
        deadline = monotonic() + within
        while self._process.poll() is None:
            assert monotonic() < deadline, f"does not end: {self.log.read_text()[-2000:]}"
            await asyncio.sleep(0.05)
        return self._process.returncode

    async def said(self, words: str) -> None:
        """Wait until it has said something."""
        while words not in self.log.read_text():
            assert self.runs, self.log.read_text()
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Have it end, which it must do cleanly once it listens to signals."""
        if self.runs:
            await self.said("end it with Ctrl-C")
            self.send(signal.SIGTERM)
            code = await self.ended()
            assert code == 0, f"ended with {code}: {self.log.read_text()[-2000:]}"

    def kill(self) -> None:
        """Kill it, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


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
        config = self.folder / "config"
        config.mkdir()
        (config / "reasons.yaml").touch()
        (config / "monitor.yaml").write_text(yaml.safe_dump({"kafka": _settings(self.site)}))

    def add(self, limits: Callable[[], None] | None = None, state: Path | None = None) -> Process:
        """Start another worker."""
        state = state or self.folder / f"worker-{len(self.workers)}"
        worker = Process(self.site, self.folder / "config", state, limits)
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
        found, wanted = (
            _totals(entries, ignored) for entries in (ledger, [*engine.ledger.totals(), *engine.ledger.cohorts(1)])
        )
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


def _settings(site: Site) -> Mapping[str, Any]:
    config, topics = site.config, site.config.topics
    return {
        "brokers": list(config.brokers),
        "application": config.application,
        "partitions": config.partitions,
        "topics": {name: {"name": getattr(topics, name).name} for name in topics.__dataclass_fields__},
        "session_timeout": f"{config.session_timeout}ms",
        "transaction_timeout": f"{config.transaction_timeout}ms",
        "batch": config.batch,
        "standbys": config.standbys,
        "tick": "off",
    }
