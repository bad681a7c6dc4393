"""A monitor as processes, on either engine, and what works beside it: boards, and what delivers nudges."""

import asyncio
import re
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from threading import Thread
from time import monotonic, sleep, time
from typing import Any, Final, Protocol

import httpx
import yaml

from tests.boards import form_token_in
from tests.journeys import Event, wire
from tests.kafka_process import write_settings
from tests.processes import address_in, line_with, running
from tests.site import Site, make_config
from tests.unit.test_nudges import contact

WITHIN_S: Final = 120
PARTITIONS: Final = 3
_NDJSON: Final = {"content-type": "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class Centre:
    """A monitor that runs.

    Attributes:
        folder: where everything is.
        options: what says, to whatever works beside it, where it is.
        nudges: what deliveries call the place that nudges are read from.
        url: of its events and metrics.
    """

    folder: Path
    options: Sequence[str]
    nudges: str
    url: str

    def post(self, events: Sequence[Event]) -> None:
        """Have events taken."""
        body = b"\n".join(map(wire, events))
        response = httpx.post(f"{self.url}/v1/events", content=body, headers=_NDJSON, trust_env=False, timeout=60)
        response.raise_for_status()

    def repeat(self, customer: str) -> None:
        """Have a customer call for the second time, just now, and be answered."""
        now = round(time() * 1000)
        self.post([*contact(1, customer, now - 600_000), *contact(2, customer, now)[:2]])

    def takes(self, customer: str) -> bool:
        """Have a customer call for the second time; say whether that was taken, as it is once brokers are back."""
        try:
            self.repeat(customer)
        except httpx.HTTPStatusError:
            return False
        return True

    def metrics(self) -> str:
        """Return what it exposes."""
        return httpx.get(f"{self.url}/metrics", trust_env=False, timeout=60).text

    @contextmanager
    def beside(self, command: str, *options: str, says: str) -> "Iterator[tuple[Popen[str], str]]":
        """Run a command until the block ends; yield it with the line in which it says that it has begun."""
        with running(command, *self.options, *options, cwd=str(self.folder)) as process:
            line = line_with(process.stderr, says)
            _drain(process)
            yield process, line
            process.send_signal(signal.SIGTERM)
            assert process.wait(WITHIN_S) == 0

    @contextmanager
    def board(self) -> "Iterator[Lead]":
        """Run a board; yield who looks at it once it is up to date."""
        with (
            self.beside("board", "--port", "0", says="serves the board") as (_, line),
            httpx.Client(base_url=address_in(line), trust_env=False, timeout=60) as client,
        ):
            lead = Lead(client)
            until(lambda: lead.is_ready)
            yield lead


@dataclass
class Lead:
    """Somebody who looks at a board, and answers nudges."""

    client: httpx.Client

    @property
    def is_ready(self) -> bool:
        """Whether the board says that it is up to date."""
        return self.client.get("/readyz").status_code == 200

    @property
    def page(self) -> str:
        """The board."""
        return self.client.get("/").text

    @property
    def nudges(self) -> list[str]:
        """What stands for the nudges that need action."""
        return list(dict.fromkeys(re.findall(r'name="nudge_id" value="([^"]+)"', self.page)))

    @property
    def shown(self) -> list[str]:
        """The parts of the board that tell of what was counted."""
        return [self.part(part) for part in ("demand", "twins", "done")]

    def part(self, part: str) -> str:
        """Return a part of the board, by its id."""
        found = re.search(rf'<(section|div|p) id="{part}".*?\n</\1>', self.page, re.DOTALL)
        assert found is not None
        return found[0]

    def act(self, nudge: str, note: str) -> httpx.Response:
        """Say that something was done about a nudge."""
        form = {"nudge_id": nudge, "note": note, "form_token": form_token_in(self.page)}
        return self.client.post("/nudges/act", data=form, headers={"origin": str(self.client.base_url).rstrip("/")})


class Run(Protocol):
    """Runs a monitor in a folder, with settings and options of ``run``, until the block ends."""

    def __call__(self, folder: Path, settings: Mapping[str, Any], *options: str) -> AbstractContextManager[Centre]:
        """Begin to run it."""


@contextmanager
def on_a_file(folder: Path, settings: Mapping[str, Any], *more: str) -> Iterator[Centre]:
    """Run the embedded engine."""
    config = folder / "config"
    config.mkdir()
    (config / "reasons.yaml").touch()
    (config / "monitor.yaml").write_text(yaml.safe_dump({"lateness": "1s", **settings}))
    options = ("--db", "monitor.db", "--config", "config")
    with running("run", *options, *more, "--port", "0", cwd=str(folder)) as process:
        yield Centre(folder, options, "monitor.db", address_in(line_with(process.stderr, "/metrics")))


def on_kafka(bootstrap: str) -> Run:
    """Return what runs all roles of the Kafka engine in one process, on topics of its own."""

    @contextmanager
    def run(folder: Path, settings: Mapping[str, Any], *more: str) -> Iterator[Centre]:
        site = Site(make_config(bootstrap, folder / "state", PARTITIONS))
        asyncio.run(site.create())
        write_settings(site, folder / "config", {"lateness": "1s", **settings}, tick="200ms")
        options = ("--engine", "kafka", "--config", "config")
        with running("run", *options, *more, "--state", "state", "--port", "0", cwd=str(folder)) as process:
            url = address_in(line_with(process.stderr, "/metrics"))
            _drain(process)
            yield Centre(folder, options, site.config.topics.nudges.name, url)

    return run


def _drain(process: "Popen[str]") -> None:
    """Read on, so that a process which has much to tell does not wait until somebody does."""
    assert process.stderr is not None
    Thread(target=process.stderr.read, daemon=True).start()


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = monotonic() + WITHIN_S
    while not holds():
        assert monotonic() < deadline, "it never came to be"
        sleep(0.05)
