"""One broker, which is a controller as well: its settings, its storage and its process."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from deploy.kafka import metadata
from deploy.kafka.java import HERE, Java, keep
from deploy.kafka.ports import HOST, Ports
from deploy.kafka.security import scram_users
from deploy.kafka.storage import format_storage

CLIENTS, BROKERS, CONTROLLERS = "CLIENTS", "BROKERS", "CONTROLLERS"
"""The listeners. Brokers talk to each other, and are asked whether they are ready, on one without security."""
STOPPING_S = 60
"""Far more than a clean stop takes; a broker that can't reach the other controllers would wait for minutes."""


class BrokerError(RuntimeError):
    """A broker ended by itself, or doesn't do as it is told; the message has the end of its log."""


def settings(number: int, ports: Mapping[int, Ports], protocol: str) -> dict[str, str]:
    """Return the settings of a broker of a small cluster, which starts fast, keeps little and notices faults soon."""
    clients, brokers = (f"{CLIENTS}://{HOST}:{ports[number].clients}", f"{BROKERS}://{HOST}:{ports[number].brokers}")
    copies = min(3, len(ports))
    enough = min(2, copies)
    return {
        "process.roles": "broker,controller",
        "node.id": str(number),
        "controller.quorum.voters": ",".join(f"{each}@{HOST}:{ports[each].controllers}" for each in ports),
        "listeners": f"{clients},{brokers},{CONTROLLERS}://{HOST}:{ports[number].controllers}",
        "advertised.listeners": f"{clients},{brokers}",
        "listener.security.protocol.map": f"{CLIENTS}:{protocol},{BROKERS}:PLAINTEXT,{CONTROLLERS}:PLAINTEXT",
        "controller.listener.names": CONTROLLERS,
        "inter.broker.listener.name": BROKERS,
        # A misspelt name makes no topic; what is acknowledged is on two brokers where there are three.
        "auto.create.topics.enable": "false",
        "default.replication.factor": str(copies),
        "min.insync.replicas": str(enough),
        "offsets.topic.replication.factor": str(copies),
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": str(enough),
        "transaction.state.log.num.partitions": "8",
        # By default a broker that is gone is missed after 9 s, and can't come back before.
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "500",
        "group.initial.rebalance.delay.ms": "0",
        # Compaction looks for work every second, with a map for 600,000 keys instead of one of 128 MB.
        "log.cleaner.backoff.ms": "1000",
        "log.cleaner.dedupe.buffer.size": str(16 << 20),
        # Few threads, for few clients.
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "4",
    }


class Broker:
    """A broker in a folder of its own. Its process is killed when the thread that started it ends."""

    def __init__(self, number: int, folder: Path, ports: Ports, java: Java, flags: Sequence[str]) -> None:
        self.number = number
        self.ports = ports
        self.is_paused = False
        self._folder = folder
        self._java = java
        self._flags = flags
        self._process: subprocess.Popen[bytes] | None = None
        self._archive: Path | None = None

    @property
    def is_running(self) -> bool:
        """Was it started, and neither stopped nor killed?"""
        return self._process is not None

    @property
    def leaves_archive(self) -> bool:
        """Was it started so that it leaves an archive when it is stopped?"""
        return self._archive is not None

    def prepare(self, properties: Mapping[str, str]) -> None:
        """Format its storage if that is new, and write its settings."""
        format_storage(self._java, self._data, self.number, scram_users())
        lines = [f"{key}={_escape(value)}\n" for key, value in {"log.dirs": str(self._data), **properties}.items()]
        self._properties.write_text("".join(lines), encoding="ascii")

    def start(self, *, leave_archive: bool = False) -> None:
        """Start its process, and don't wait until it is ready.

        Args:
            leave_archive: Have it write an archive of the classes that it used when it is stopped, for others.

        Raises:
            BrokerError: It runs already.
        """
        if self._process is not None:
            what = "runs already"
            raise self.trouble(what)
        flags = list(self._flags)
        if leave_archive:
            self._archive = self._java.folder / f"{uuid4().hex}.jsa"
            flags.append(f"-XX:ArchiveClassesAtExit={self._archive}")
        self._run("kafka.Kafka", [str(self._properties)], flags)

    def is_ready(self, numbers: frozenset[int]) -> bool:
        """Does it serve, and know these brokers, and that they are in sync?"""
        try:
            socket.create_connection((HOST, self.ports.clients), timeout=1).close()
            return metadata.ask(HOST, self.ports.brokers).is_whole(numbers)
        except OSError:
            return False

    def check(self) -> None:
        """See whether it still runs, if it was started.

        Raises:
            BrokerError: It ended by itself.
        """
        if self._process is not None and self._process.poll() is not None:
            what = f"ended by itself with code {self._process.returncode}"
            raise self.trouble(what)

    def kill(self) -> None:
        """Kill its process, which can't prevent it or prepare for it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._ended()

    def begin_stop(self) -> None:
        """Have it hand over what it leads, and end."""
        self.resume()
        self._signal(signal.SIGTERM)

    def finish_stop(self, within_s: float = STOPPING_S) -> None:
        """Wait until it has ended, after ``begin_stop``.

        Raises:
            BrokerError: It doesn't end.
        """
        try:
            if self._process is not None:
                self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            what = f"did not stop within {within_s:g} s"
            raise self.trouble(what) from None
        if self._archive is not None and self._archive.exists():
            keep(self._archive, self._java.archive)
        self._ended()

    def pause(self) -> None:
        """Freeze its process: its connections stay open, and nothing answers."""
        self._signal(signal.SIGSTOP)
        self.is_paused = True

    def resume(self) -> None:
        """Let its process go on."""
        self._signal(signal.SIGCONT)
        self.is_paused = False

    def trouble(self, what: str) -> BrokerError:
        """Return the error that says this of it, with the end of its log."""
        ends = [f"{path}\n{_end_of(path)}" for path in (self._log, self._printed) if path.exists()]
        return BrokerError("\n".join([f"{self._folder.name} {what}", *ends]))

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _run(self, program: str, arguments: Sequence[str], flags: Sequence[str]) -> None:
        leash = [sys.executable, "-I", "-S", str(HERE / "leash.py"), str(os.getpid())]
        with self._printed.open("wb") as printed:
            self._process = subprocess.Popen(  # noqa: S603 - Java itself
                leash + self._java.command(program, *arguments, log=self._log, flags=flags),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                process_group=0,  # Ctrl-C in the terminal is for whoever started it
            )

    def _ended(self) -> None:
        self._process = self._archive = None
        self.is_paused = False

    @property
    def _properties(self) -> Path:
        return self._folder / "server.properties"

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _log(self) -> Path:
        return self._folder / "broker.log"

    @property
    def _printed(self) -> Path:
        return self._folder / "printed.log"


def _escape(value: str) -> str:
    r"""Escape a value of a properties file, where a backslash and ``\uXXXX`` mean what they do in JSON."""
    return json.dumps(value)[1:-1]


def _end_of(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
