"""The monitor whose speed is measured, as it is run in earnest: its processes, by engine."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from time import time
from typing import Any, Final, Protocol
from urllib.request import urlopen
from uuid import uuid4

import yaml
from prometheus_client.parser import text_string_to_metric_families

from deploy.kafka.cluster import Cluster
from streams.catalogue import workers as w
from streams.domain.units import SECOND
from streams.engines.embedded.database import connect
from streams.engines.embedded.progress import read_progress
from tests.bench.board.centre import history
from tests.bench.board.nudged import Read, of_file, of_topic
from tests.bench.command import Command

SALT: Final = "a salt that nobody need keep secret"
_ENV: Final = {"OUTCOME_MONITOR__SECRETS__EXEMPLAR_SALT": SALT}
_TAKES: Final = re.compile(rb"takes events at (http://[^/\s]+)")
_SERVES: Final = re.compile(rb"serves the board at (http://[^/\s]+)")
_EXPORTS: Final = re.compile(rb"serves (http://\S+)/metrics")
_READY_S: Final = 120.0
_HISTORY_S: Final = 600.0
_ANSWER_S: Final = 60.0
_PARTITIONS: Final = 4
_NUDGES: Final = {"expiry": "1m", "limit": 10_000, "span": "1m"}
"""Every nudge is told, and none needs action for long."""


class Running(Protocol):
    """A monitor that runs."""

    url: str
    """Where it takes events."""
    nudges: Read
    engine: Command
    """The process that processes events."""

    def processed(self) -> int:
        """Return how many events it has processed."""

    def board(self) -> AbstractContextManager[tuple[str, Command]] | None:
        """Serve a board, if there is one for this engine; yields its address and its process."""


class Monitor(Protocol):
    """What can be started anew, from the same state each time."""

    def run(self) -> AbstractContextManager[Running]:
        """Run it until the end of the block."""


class OnFile:
    """The embedded engine, on a file with a history."""

    def __init__(self, folder: Path, days: int) -> None:
        self._folder = folder
        self._config = _write_settings(folder, {})
        self._history = folder / "history.db"
        events = folder / "history.jsonl"
        with events.open("wb") as out:
            out.writelines(record + b"\n" for record in history(round(time() * SECOND), days))
        where = ("--db", str(self._history), "--config", str(self._config))
        Command(folder / "replay.log", "replay", str(events), *where).finish(_HISTORY_S)

    @contextmanager
    def run(self) -> Iterator["FileRuns"]:
        """Run it on a copy of the file until the end of the block."""
        path = self._folder / f"{uuid4().hex[:8]}.db"
        shutil.copy(self._history, path)
        with ExitStack() as stack:
            place = ("--db", str(path), "--config", str(self._config), "--port", "0")
            engine = stack.enter_context(_command(path.with_suffix(".log"), "run", *place))
            url = engine.wait_for(_TAKES, _READY_S)
            connection = stack.enter_context(closing(connect(str(path), read_only=True)))
            nudges = stack.enter_context(of_file(str(path)))
            yield FileRuns(url, nudges, engine, place, connection)


class FileRuns:
    """A monitor that runs on a file."""

    def __init__(self, url: str, nudges: Read, engine: Command, place: tuple[str, ...], connection: Any) -> None:  # noqa: ANN401 - of SQLite
        self.url, self.nudges, self.engine = url, nudges, engine
        self._place = place
        self._connection = connection

    def processed(self) -> int:
        """Return how many events it has processed."""
        return read_progress(self._connection).next

    @contextmanager
    def board(self) -> Iterator[tuple[str, Command]]:
        """Serve a board."""
        log = Path(self._place[1]).with_suffix(".board.log")
        with _command(log, "board", *self._place) as command:
            yield command.wait_for(_SERVES, _READY_S), command


class OnKafka:
    """The Kafka engine: a gateway and a worker, each a process of its own; without a history."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self._folder = folder
        self._cluster = cluster

    @contextmanager
    def run(self) -> Iterator["KafkaRuns"]:
        """Run it with topics of its own until the end of the block."""
        name = f"board-{uuid4().hex[:8]}"
        folder = self._folder / name
        topics = ("interactions", "facts", "outcomes", "nudges", "dead_letters", "ledger", "state")
        names = {topic: {"name": f"{name}.{topic}"} for topic in topics}
        kafka = {"brokers": [self._cluster.bootstrap], "application": name, "partitions": _PARTITIONS, "topics": names}
        folder.mkdir()
        config = ("--config", str(_write_settings(folder, {"kafka": kafka})))
        Command(folder / "topics.log", "topics", "create", *config).finish(_READY_S)
        how = ("run", "--engine", "kafka", "--port", "0", *config)
        with ExitStack() as stack:
            state = ("--state", str(folder / "state"))
            worker = stack.enter_context(_command(folder / "worker.log", *how, "--role", "worker", *state))
            gateway = stack.enter_context(_command(folder / "gateway.log", *how, "--role", "gateway"))
            exports = worker.wait_for(_EXPORTS, _READY_S)
            url = gateway.wait_for(_TAKES, _READY_S)
            topic = f"{name}.nudges"
            nudges = stack.enter_context(of_topic(self._cluster.bootstrap, topic, _PARTITIONS))
            yield KafkaRuns(url, nudges, worker, exports)


class KafkaRuns:
    """A monitor that runs on Kafka."""

    def __init__(self, url: str, nudges: Read, engine: Command, exports: str) -> None:
        self.url, self.nudges, self.engine = url, nudges, engine
        self._exports = exports

    def processed(self) -> int:
        """Return how many events it has processed."""
        with urlopen(f"{self._exports}/metrics", timeout=_ANSWER_S) as answer:  # noqa: S310 - our own process
            families = list(text_string_to_metric_families(answer.read().decode()))
        samples = (sample for family in families for sample in family.samples if sample.name == w.RECORDS)
        return round(sum(sample.value for sample in samples if sample.labels["topic"] == "interactions"))

    def board(self) -> None:
        """Return nothing: boards follow files."""


@contextmanager
def _command(log: Path, *arguments: str) -> Iterator[Command]:
    """Run a command that serves until the end of the block; it must end well unless something else went wrong."""
    command = Command(log, *arguments, env=_ENV)
    try:
        yield command
        command.stop()
    finally:
        command.kill()


def _write_settings(folder: Path, more: Mapping[str, object]) -> Path:
    config = folder / "config"
    config.mkdir()
    (config / "reasons.yaml").touch()
    (config / "monitor.yaml").write_text(yaml.safe_dump({"nudges": _NUDGES, **more}), encoding="utf-8")
    return config
