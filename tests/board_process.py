"""``outcome-monitor board`` as a process, on the file that a monitor has left, as its settings say."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any, Final

import httpx

from streams.bootstrap import open_engine
from streams.domain.units import MINUTE, SECOND, Millis
from streams.settings import load
from tests.boards import audit_of
from tests.journeys import Event, wire
from tests.processes import line_with, running

WITHIN_S: Final = 60
DB: Final = "monitor.db"


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = monotonic() + WITHIN_S
    while not holds():
        assert monotonic() < deadline
        sleep(0.05)


@dataclass
class Running:
    """A board that runs: where, and what it has written down."""

    url: str
    audit: Path

    def browser(self, **headers: str) -> httpx.Client:
        """Return somebody's browser, which keeps cookies and says where a form comes from."""
        sent = {"accept": "text/html", "origin": self.url} | {
            n.replace("_", "-"): value for n, value in headers.items()
        }
        return httpx.Client(base_url=self.url, trust_env=False, headers=sent, timeout=WITHIN_S)

    def log(self) -> list[dict[str, Any]]:
        return audit_of(self.audit)


def history(text: Callable[[str], str], now: Millis) -> list[Event]:
    """Two customers of a team are back; a lead has acted on one. ``text`` gives fields their texts."""
    place = {name: text(name) for name in ("queue", "team")}
    about = {"channel": text("channel"), "reason": text("reason"), "product": text("product"), **place}
    agent = {"agent_id": text("agent")}
    events: list[Event] = []
    for name, case in (("one", {"case_id": text("case")}), ("two", {})):
        customer = {"customer_id": text(f"customer {name}")}
        before, again = ({"contact_id": text(f"{which} of {name}")} for which in ("before", "again"))
        began = now - 20 * MINUTE
        events += [
            {"type": "contact.offered", "at": began, **about, **customer, **before, **case},
            {"type": "contact.answered", "at": began + 5 * SECOND, **before, **place, **agent},
            {
                "type": "contact.ended",
                "at": began + 3 * MINUTE,
                **before,
                "disposition": text("code"),
                "claimed_resolved": True,
            },
            {"type": "contact.offered", "at": now - 10 * SECOND, **about, **customer, **again, **case},
        ]
    nudge = {"nudge_id": f"repeat:{text('again of two')}", "actor": text("actor"), "action": "acted"}
    events += [
        {"type": "action.taken", "at": now - 9 * SECOND, **nudge, "note": text("note")},
        {"type": "customer.exited", "at": now - 8 * SECOND, "customer_id": text("customer two"), "how": text("how")},
        {"type": "agent.state", "at": now - 8 * SECOND, **agent, "team": text("team"), "state": "break"},
        {
            "type": "demand.spiked",
            "at": now - 7 * SECOND,
            "queue": text("queue"),
            "reason": text("reason"),
            "since": "2026-01-01T00:00:00Z",
            "contacts": 12,
            "expected": 3.5,
        },
    ]
    return [event | {"event_id": text(f"event {number}")} for number, event in enumerate(events)]


def plainly(team: str) -> Callable[[str], str]:
    """Return what gives fields of a team's events a text that says which field of which team it is."""
    return lambda field: team if field == "team" else f"{field} of {team}"


def told(folder: Path, events: Sequence[Event], now: Millis) -> None:
    """Leave a file in a folder, as a monitor does that was told of events."""
    order = sorted(events, key=lambda event: int(event["at"]))
    with closing(open_engine(load(None, {}), str(folder / DB))) as engine:
        engine.ingest([wire(event) for event in order], now, {})
        tick = wire({"type": "clock.tick", "at": now + 30 * SECOND, "event_id": "tick"})
        engine.ingest([tick, tick.replace(b'"tick"', b'"tock"')], now + 30 * SECOND, {})
        assert not list(engine.dead_letters())


def configure(folder: Path, section: str) -> None:
    """Write settings with a section ``board``, whose audit log is in the folder."""
    config = folder / "config"
    config.mkdir(exist_ok=True)
    (config / "reasons.yaml").touch()
    (config / "monitor.yaml").write_text(f"board: {{audit: audit.jsonl, {section}}}", encoding="utf-8")


@contextmanager
def board_process(folder: Path, section: str, *arguments: str) -> Iterator[Running]:
    """Run a board on the file in a folder."""
    configure(folder, section)
    chosen = arguments or ("--port", "0")
    with running("board", "--db", DB, "--config", "config", *chosen, cwd=str(folder)) as process:
        found = re.search(r"http://[\d.]+:\d+", line_with(process.stderr, "serves the board"))
        assert found
        yield Running(found[0].replace("0.0.0.0", "127.0.0.1"), folder / "audit.jsonl")  # noqa: S104 - where it listens


def wall_clock() -> Millis:
    return round(time() * 1000)
