"""Workers as they are run in earnest, each a process of its own: what they say, and what they take."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple
from urllib.request import urlopen

import yaml
from prometheus_client.parser import text_string_to_metric_families

from deploy.kafka.java import HERE
from streams.catalogue import workers as w
from streams.domain.units import SECOND, Millis
from streams.engines.kafka.config import KafkaConfig

_ROOT: Final = Path(__file__).parents[3]
_TICK: Final = os.sysconf("SC_CLK_TCK")
_LOOK_S: Final = 0.05
_URL: Final = re.compile(rb"serves (http://\S+)/metrics")
_LISTENS: Final = b"end it with Ctrl-C"
_STOP_S: Final = 60.0
_LINES: Final = 20
_ANSWER_S: Final = 60.0


class WorkerError(RuntimeError):
    """A worker ended by itself, or is not where it should be in time; the message has the end of what it said."""


class Usage(NamedTuple):
    """What a process takes: seconds of the processor so far, bytes that are resident and were at most, open files."""

    cpu: float
    resident: int
    peak: int
    handles: int


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
    began: float = field(init=False)
    _process: "subprocess.Popen[bytes]" = field(init=False)
    _url: str | None = None

    def start(self) -> None:
        """Start it; what it says goes to a file beside its state."""
        leash = [sys.executable, "-I", "-S", str(HERE / "leash.py"), str(os.getpid())]
        command = [sys.executable, "-m", "streams.cli", "run", "--engine", "kafka", "--role", "worker", "--port", "0"]
        self._log.unlink(missing_ok=True)
        self._url = None
        self.began = monotonic()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*leash, *command, "--config", str(self.config), "--state", str(self.state)],
                cwd=_ROOT,
                env=os.environ | {"PYTHONPATH": str(_ROOT), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # Ctrl-C in the terminal is for us, who end it
            )

    async def ready(self, within_s: float) -> float:
        """Wait until it says that it is; return the seconds since it was started."""
        deadline = self.began + within_s
        while not await asyncio.to_thread(self._is_ready):
            self._check(deadline, "ready")
            await asyncio.sleep(_LOOK_S)
        return monotonic() - self.began

    async def figures(self) -> Figures:
        """Return what it tells."""
        try:
            return await asyncio.to_thread(self._figures)
        except OSError as error:
            what = f"heard: {error}"
            raise self._trouble(what) from error

    async def passed(self, at: Millis, partitions: int, deadline: float) -> None:
        """Wait until every one of so many partitions has come to a time; the deadline is of the monotonic clock."""
        while True:
            watermarks = (await self.figures()).watermarks
            if len(watermarks) == partitions and min(watermarks.values()) >= at:
                return
            self._check(deadline, f"done: {watermarks}")
            await asyncio.sleep(2 * _LOOK_S)

    def usage(self) -> Usage:
        """Return what it takes."""
        proc = Path("/proc", str(self._process.pid))
        ticks = proc.joinpath("stat").read_text(encoding="ascii").rpartition(")")[2].split()
        status = dict(line.split(":", 1) for line in proc.joinpath("status").read_text(encoding="ascii").splitlines())
        resident, peak = (int(status[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
        return Usage((int(ticks[11]) + int(ticks[12])) / _TICK, resident, peak, sum(1 for _ in (proc / "fd").iterdir()))

    def disk(self) -> int:
        """Return the bytes that its state takes on disk."""
        return sum(path.stat().st_size for path in self.state.rglob("*") if path.is_file())

    async def stop(self) -> None:
        """Have it end cleanly, and wait until it has."""
        deadline = monotonic() + _STOP_S
        while _LISTENS not in self._log.read_bytes():  # before that, it does not listen to signals
            self._check(deadline, "started")
            await asyncio.sleep(_LOOK_S)
        self._process.send_signal(signal.SIGTERM)
        while self._process.poll() is None and monotonic() < deadline:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(_LOOK_S)
        if self._process.returncode != 0:
            what = "ended well"
            raise self._trouble(what)

    def kill(self) -> None:
        """Kill it, if it still runs."""
        self._process.kill()
        self._process.wait()

    @property
    def _log(self) -> Path:
        return self.state.with_name(f"{self.state.name}.log")

    def _is_ready(self) -> bool:
        found = _URL.search(self._log.read_bytes())
        if found is None:
            return False
        self._url = found[1].decode()
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

    def _check(self, deadline: float, what: str) -> None:
        if self._process.poll() is not None or monotonic() > deadline:
            raise self._trouble(what)

    def _trouble(self, what: str) -> WorkerError:
        code = self._process.poll()
        why = "in time" if code is None else f"but has ended with code {code}"
        said = self._log.read_text(errors="replace").splitlines()[-_LINES:]
        return WorkerError("\n".join([f"{self.state.name} was not {what}, {why}", *said]))


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
