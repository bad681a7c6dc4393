"""``board`` beside ``run``, as processes on one file: what arrives is shown, and acting on it reaches the ledger."""

import re
import signal
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep, time

import httpx

from tests.boards import form_token_in
from tests.journeys import wire
from tests.processes import line_with, running
from tests.unit.test_nudges import contact

WITHIN_S = 60
FAST = "{lateness: 1s}"


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = monotonic() + WITHIN_S
    while not holds():
        assert monotonic() < deadline
        sleep(0.05)


def test_a_repeat_is_shown_and_acting_on_it_changes_the_board_the_log_and_the_metric(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "reasons.yaml").touch()
    (config / "monitor.yaml").write_text(FAST, encoding="utf-8")
    place = ("--db", "monitor.db", "--config", "config", "--port", "0")
    with running("run", *place, cwd=str(tmp_path)) as monitor:
        metrics = _address(line_with(monitor.stderr, "/metrics"))
        now = round(time() * 1000)
        events = b"\n".join(map(wire, [*contact(1, "anna", now - 600_000), contact(2, "anna", now)[0]]))
        lines = {"content-type": "application/x-ndjson"}
        httpx.post(f"{metrics}/v1/events", content=events, headers=lines, trust_env=False).raise_for_status()
        with running("board", *place, cwd=str(tmp_path)) as board:
            address = _address(line_with(board.stderr, "serves the board"))
            with httpx.Client(base_url=address, trust_env=False) as lead:
                until(lambda: "parcel_late" in lead.get("/").text)
                page = lead.get("/").text
                nudge = _field(page, 'name="nudge_id"')
                form = {"nudge_id": nudge, "note": "called the depot", "form_token": form_token_in(page)}
                ours = {"origin": address}
                assert lead.post("/nudges/act", data=form, headers=ours).status_code == 200
                assert lead.post("/nudges/act", data=form, headers=ours).status_code == 403, "it was sent already"
                until(lambda: 'outcome_nudges_answered_total{channel="voice"' in _text(f"{metrics}/metrics"))
                assert nudge not in re.findall(r'name="nudge_id" value="([^"]+)"', lead.get("/").text)
                assert "called the depot" in lead.get("/").text
            board.send_signal(signal.SIGTERM)
            assert board.wait(WITHIN_S) == 0


def _text(url: str) -> str:
    return httpx.get(url, trust_env=False).text


def _address(line: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found is not None, line
    return found[0]


def _field(page: str, name: str) -> str:
    found = re.search(rf'{name} value="([^"]+)"', page)
    assert found is not None
    return found[1]
