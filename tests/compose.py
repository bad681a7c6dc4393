"""The stack of ``deploy/compose.yaml`` as data, and its services as plain processes: not every machine has Docker."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.prometheus import wait_for

ROOT: Final = Path(__file__).parents[1]
DEPLOY: Final = ROOT / "deploy"
FILE: Final = DEPLOY / "compose.yaml"
DOCKERFILE: Final = DEPLOY / "Dockerfile"
STACK: Final[Mapping[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES: Final[Mapping[str, Mapping[str, Any]]] = STACK["services"]
OURS: Final = {name: service for name, service in SERVICES.items() if "build" in service}
HEALTHY_S: Final = 90.0

Instruction = tuple[str, list[str]]


def stages(dockerfile: str) -> list[list[Instruction]]:
    """Return the instructions of each stage, a word and what follows it; a list in JSON is a list of words as well."""
    joined = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", dockerfile, flags=re.MULTILINE))
    found: list[list[Instruction]] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append((word, json.loads(rest) if rest.startswith("[") else shlex.split(rest)))
    return found


STAGES: Final = stages(DOCKERFILE.read_text(encoding="utf-8"))
IMAGE: Final = STAGES[-1]


def said(word: str) -> list[list[str]]:
    """Return what follows each instruction of a kind, in the last stage."""
    return [rest for instruction, rest in IMAGE if instruction == word]


def variables() -> dict[str, str]:
    """Return the environment that the image has."""
    return {name: value for rest in said("ENV") for name, value in (word.split("=", 1) for word in rest)}


def port_of(service: str) -> str:
    """Return the port that one of our services listens on inside its container."""
    command = SERVICES[service]["command"]
    port: str = command[command.index("--port") + 1]
    return port


@dataclass
class Container:
    """A service of ours as a process: all that it says of itself, but for the addresses and folders of a container."""

    service: str
    places: Mapping[str, str]
    """What stands for a text that means something in a container only."""
    log: Path

    def __post_init__(self) -> None:
        bins = str(Path(sys.executable).parent)
        said_so = variables() | SERVICES[self.service].get("environment", {})
        path = said_so.pop("PATH").replace(f"{_prefix()}/bin", bins).replace("$PATH", os.defpath)
        own = {name: self._here(value) for name, value in said_so.items()}
        self.environment: Mapping[str, str] = {"PATH": path, "PYTHONPATH": str(ROOT), **own}

    def command(self) -> list[str]:
        """Return the command of the service, after the entry point of its image."""
        [entry] = said("ENTRYPOINT")
        return [*entry, *map(self._here, SERVICES[self.service]["command"])]

    def run(self) -> "subprocess.CompletedProcess[str]":
        """Run the command to its end."""
        return self._run(self.command())

    def instead(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run another command of the image in its place, to its end."""
        [entry] = said("ENTRYPOINT")
        return self._run([*entry, *words])

    def is_healthy(self) -> bool:
        """Run the service's own health check."""
        kind, *words = SERVICES[self.service]["healthcheck"]["test"]
        assert kind == "CMD"
        return self._run([self._here(word) for word in words]).returncode == 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Have it run until the end of the block, which it must survive; it must end cleanly when asked to."""
        with self.log.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command
                self.command(),
                env=self.environment,
                cwd=self.log.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            assert not self.is_healthy(), "something else answers its health check"
            wait_for(lambda: process.poll() is not None or self.is_healthy(), HEALTHY_S, self.log.read_text)
            yield
            assert process.poll() is None, self.log.read_text()
            process.terminate()
            assert process.wait(_seconds(SERVICES[self.service]["stop_grace_period"])) == 0, self.log.read_text()
        finally:
            process.kill()
            process.wait()

    def _run(self, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603 - our own command
            command, env=self.environment, cwd=self.log.parent, capture_output=True, text=True, check=False, timeout=60
        )

    def _here(self, text: str) -> str:
        for there, here in self.places.items():
            text = text.replace(there, here)
        return text


def _prefix() -> str:
    """Return the folder of the virtual environment in the image."""
    return next(rest[-1] for rest in said("COPY") if rest[0] == "--from=build")


def _seconds(duration: str) -> float:
    number, unit = duration[:-1], duration[-1]
    return float(number) * {"s": 1, "m": 60}[unit]
