"""Workers as they are run in earnest, each a process of its own: what they say, and what they take."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple
from urllib.request import urlopen

import yaml
from prometheus_client.parser import text_string_to_metric_families

from streams.catalogue import workers as w
from streams.domain.units import SECOND, Millis
from streams.engines.kafka.config import KafkaConfig
from tests.bench.command import Command, Usage

_LOOK_S: Final = 0.05
_URL: Final = re.compile(rb"serves (http://\S+)/metrics")
_ANSWER_S: Final = 60.0


class Figures(NamedTuple):
    """What a worker tells: records by topic, the time that each of its partitions has come to, how many those are."""

    records: dict[str, float]
    watermarks: dict[int, Millis]
    assigned: int


@dataclass
class WorkerProcess:
    """A worker with a folder for its state."""

    config: Path
    state: Path
    _command: Command = field(init=False)
    _url: str | None = None

    def start(self) -> None:
        """Start it; what it says goes to a file beside its state."""
        self._url = None
        how = ("--engine", "kafka", "--role", "worker", "--port", "0")
        where = ("--config", str(self.config), "--state", str(self.state))
        self._command = Command(self.state.with_name(f"{self.state.name}.log"), "run", *how, *where)

    async def ready(self, within_s: float) -> float:
        """Wait until it says that it is; return the seconds since it was started."""
        deadline = self._command.began + within_s
        while not await asyncio.to_thread(self._is_ready):
            self._command.check(deadline, "ready")
            await asyncio.sleep(_LOOK_S)
        return monotonic() - self._command.began

    async def figures(self) -> Figures:
        """Return what it tells."""
        try:
            return await asyncio.to_thread(self._figures)
        except OSError as error:
            what = f"heard: {error}"
            raise self._command.trouble(what) from error

    async def passed(self, at: Millis, partitions: int, deadline: float) -> None:
        """Wait until every one of so many partitions has come to a time; the deadline is of the monotonic clock."""
        while True:
            watermarks = (await self.figures()).watermarks
            if len(watermarks) == partitions and min(watermarks.values()) >= at:
                return
            self._command.check(deadline, f"done: {watermarks}")
            await asyncio.sleep(2 * _LOOK_S)

    def usage(self) -> Usage:
        """Return what it takes."""
        return self._command.usage()

    def disk(self) -> int:
        """Return the bytes that its state takes on disk."""
        return sum(path.stat().st_size for path in self.state.rglob("*") if path.is_file())

    async def stop(self) -> None:
        """Have it end cleanly, and wait until it has."""
        await asyncio.to_thread(self._command.stop)

    def kill(self) -> None:
        """Kill it, if it still runs."""
        self._command.kill()

    def _is_ready(self) -> bool:
        self._url = self._command.find(_URL)
        if self._url is None:
            return False
        try:
            with urlopen(f"{self._url}/readyz", timeout=_ANSWER_S) as answer:  # noqa: S310 - our own process
                return bool(answer.status == 200)
        except OSError:  # it answers 503, or not at all
            return False

    def _figures(self) -> Figures:
        with urlopen(f"{self._url}/metrics", timeout=_ANSWER_S) as answer:  # noqa: S310 - our own process
            families = list(text_string_to_metric_families(answer.read().decode()))
        samples = [sample for family in families for sample in family.samples]
        return Figures(
            {one.labels["topic"]: one.value for one in samples if one.name == w.RECORDS},
            {int(one.labels["partition"]): round(one.value * SECOND) for one in samples if one.name == w.WATERMARK_OF},
            next((round(one.value) for one in samples if one.name == w.ASSIGNED), 0),
        )


class Crew:
    """The workers of an application, and the folder that has its settings and their state."""

    def __init__(self, config: KafkaConfig, folder: Path) -> None:
        self._config = folder / "config"
        self._folder = folder
        self.workers: list[WorkerProcess] = []
        self._config.mkdir(parents=True)
        (self._config / "reasons.yaml").touch()
        (self._config / "monitor.yaml").write_text(yaml.safe_dump({"kafka": _settings(config)}))

    def add(self) -> WorkerProcess:
        """Start another worker."""
        worker = WorkerProcess(self._config, self._folder / f"worker-{len(self.workers)}")
        worker.start()
        self.workers.append(worker)
        return worker


@contextmanager
def crew(config: KafkaConfig, folder: Path) -> Iterator[Crew]:
    """Have workers until the end of the block at most."""
    own = Crew(config, folder)
    try:
        yield own
    finally:
        for worker in own.workers:
            worker.kill()


def _settings(config: KafkaConfig) -> dict[str, object]:
    topics = config.topics
    return {
        "brokers": list(config.brokers),
        "application": config.application,
        "partitions": config.partitions,
        "topics": {name: {"name": getattr(topics, name).name} for name in topics.__dataclass_fields__},
        "session_timeout": f"{config.session_timeout}ms",
        "tick": "off",
    }
