"""The Kafka engine as a process of its own, and the settings that it goes by."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from time import monotonic
from typing import Any

import yaml

from tests.site import Site

ROOT = Path(__file__).parents[1]


@dataclass
class Process:
    """``outcome-monitor run --engine kafka`` in a process of its own, with a folder for its state."""

    config: Path
    state: Path
    roles: Sequence[str] = ("worker",)
    limits: Callable[[], None] | None = None
    feed: Path | None = None
    _process: "subprocess.Popen[bytes] | None" = None
    _before: int = 0
    """How much was in the log before it was started last."""

    def start(self) -> None:
        """Start it; what it says goes to a file beside its state."""
        roles = [word for role in self.roles for word in ("--role", role)]
        command = [sys.executable, "-m", "streams.cli", "run", "--engine", "kafka", *roles, "--port", "0"]
        command += [] if self.feed is None else ["--from", str(self.feed)]
        self.state.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._before = log.tell()
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
    def url(self) -> str:
        """Where it serves HTTP, since it was started last."""
        urls: list[str] = re.findall(r"serves (http://\S+)/metrics", self._saying())
        return urls[-1]

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
        """Wait until it has said something, since it was started last."""
        while words not in self._saying():
            assert self.runs, self.log.read_text()
            await asyncio.sleep(0.05)

    def _saying(self) -> str:
        """Return what it said since it was started last: what it said before says nothing of how it is."""
        return self.log.read_bytes()[self._before :].decode()

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


def write_settings(
    site: Site,
    folder: Path,
    beside: Mapping[str, Any] = {},
    /,
    **changes: Any,  # noqa: ANN401 - whatever the section has
) -> None:
    """Write the settings of a site to a folder, and others beside; ticks are off unless they are among the changes."""
    folder.mkdir(parents=True)
    (folder / "reasons.yaml").touch()
    (folder / "monitor.yaml").write_text(yaml.safe_dump({**beside, "kafka": {**_settings(site), **changes}}))


def _settings(site: Site) -> Mapping[str, Any]:
    config, topics = site.config, site.config.topics
    return {
        "brokers": list(config.brokers),
        "application": config.application,
        "partitions": config.partitions,
        "topics": {name: {"name": getattr(topics, name).name} for name in (topic.name for topic in fields(topics))},
        "session_timeout": f"{config.session_timeout}ms",
        "transaction_timeout": f"{config.transaction_timeout}ms",
        "batch": config.batch,
        "standbys": config.standbys,
        "tick": "off",
    }
