"""A monitor with boards on its file, as processes: what they are told, and what came of it."""

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep, time

import httpx

from streams.contracts.decode import decode
from streams.domain.events import ActionTaken
from streams.domain.units import MINUTE
from streams.engines.embedded.database import connect
from streams.engines.embedded.log import SegmentTable
from tests.journeys import wire
from tests.processes import PROMPTLY_S, line_with, running
from tests.unit.test_nudges import contact

_FILES = ("--db", "monitor.db", "--config", "config")
_SETTINGS = "{lateness: 1s}"


@dataclass(frozen=True)
class CentreAtWork:
    """A monitor that runs in a folder, and takes events and is scraped at an address."""

    folder: Path
    url: str

    def repeats(self, *customers: str) -> None:
        """Have customers call who called ten minutes ago already."""
        now = round(time() * 1000)
        events = [event for customer in customers for event in contact(1, customer, now - 10 * MINUTE)]
        events += [contact(2, customer, now)[0] for customer in customers]
        lines = {"content-type": "application/x-ndjson"}
        body = b"\n".join(map(wire, events))
        httpx.post(f"{self.url}/v1/events", content=body, headers=lines, trust_env=False).raise_for_status()

    @contextmanager
    def board(self, port: int = 0) -> Iterator[str]:
        """Run a board until the block ends, as who ends it by a signal does; yield its address."""
        with running("board", *_FILES, "--port", str(port), cwd=str(self.folder)) as process:
            yield address_in(line_with(process.stderr, "serves the board"))
            process.send_signal(signal.SIGTERM)
            assert process.wait(PROMPTLY_S) == 0

    def actions(self) -> list[ActionTaken]:
        """What is in the log of what team leads did."""
        path = str(self.folder / "monitor.db")
        with closing(connect(path, read_only=True)) as connection:
            log = SegmentTable(connection, "log")
            events = [decode(record.value, record.received_at) for record in log.read(0, log.end())]
        return [event for event in events if isinstance(event, ActionTaken)]

    def answers(self, action: str) -> int:
        """How many nudges were answered with an action, as scraped."""
        return answers(self.url, action)


@contextmanager
def centre_at_work(folder: Path) -> Iterator[CentreAtWork]:
    """Run a monitor in a folder."""
    config = folder / "config"
    config.mkdir()
    (config / "reasons.yaml").touch()
    (config / "monitor.yaml").write_text(_SETTINGS, encoding="utf-8")
    with running("run", *_FILES, "--port", "0", cwd=str(folder)) as process:
        yield CentreAtWork(folder, address_in(line_with(process.stderr, "/metrics")))


def answers(url: str, action: str) -> int:
    """How many nudges were answered with an action, as scraped."""
    text = httpx.get(f"{url}/metrics", trust_env=False, timeout=PROMPTLY_S).text
    found = re.findall(r"^outcome_nudges_answered_total\{([^}]*)\} (\S+)$", text, re.MULTILINE)
    return round(sum(float(value) for labels, value in found if f'"{action}"' in labels))


def address_in(line: str) -> str:
    """Return the last address that a line tells."""
    found: list[str] = re.findall(r"http://127\.0\.0\.1:\d+", line)
    assert found, line
    return found[-1]


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = monotonic() + PROMPTLY_S
    while not holds():
        assert monotonic() < deadline
        sleep(0.05)
