"""``deliver``, as a process: nudges of a file that another process writes reach a webhook once, over a restart."""

import json
import signal
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from time import time
from typing import Any

import pytest

from streams.domain.policy import Policy
from streams.engines.embedded import EmbeddedEngine
from tests.journeys import wire
from tests.processes import running
from tests.unit.test_nudges import contact

WITHIN_S = 60


@pytest.fixture
def target() -> Iterator[tuple[str, "Queue[dict[str, Any]]"]]:
    """A receiver of webhooks, and what it was sent."""
    received: Queue[dict[str, Any]] = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/nudges", received
        server.shutdown()
        thread.join()


@contextmanager
def delivering(folder: Path) -> Iterator[None]:
    """A process that delivers, once it says so, until it is asked to end."""
    with running("deliver", "--db", "monitor.db", "--config", "config", cwd=str(folder)) as process:
        assert process.stderr is not None
        assert "delivers nudges of monitor.db to desktop" in process.stderr.readline()
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(WITHIN_S) == 0


def repeat(folder: Path, customer: str) -> None:
    """Have a customer call twice, just now, in the file."""
    now = round(time() * 1000)
    events = [*contact(1, customer, now - 600_000), contact(2, customer, now)[0]]
    with closing(EmbeddedEngine(str(folder / "monitor.db"), Policy())) as engine:
        engine.ingest([wire(event) for event in events], now, {})


def test_what_is_told_while_it_runs_is_delivered_and_after_a_restart_only_what_is_new(
    tmp_path: Path, target: tuple[str, "Queue[dict[str, Any]]"]
) -> None:
    url, received = target
    config = tmp_path / "config"
    config.mkdir()
    (config / "reasons.yaml").touch()
    (config / "desktop.secret").write_text(f"whsec_{b64encode(bytes(32)).decode()}")
    webhook = f"{{name: desktop, url: '{url}', secret_file: desktop.secret}}"
    (config / "monitor.yaml").write_text(f"delivery: {{webhooks: [{webhook}]}}", encoding="utf-8")
    repeat(tmp_path, "before")  # told before it ran for the first time: too late for whoever is new
    with delivering(tmp_path):
        repeat(tmp_path, "anna")
        assert received.get(timeout=WITHIN_S)["data"]["nudge_id"] == "repeat:anna-2"
    repeat(tmp_path, "ben")
    with delivering(tmp_path):
        assert received.get(timeout=WITHIN_S)["data"]["nudge_id"] == "repeat:ben-2"
        repeat(tmp_path, "cleo")
        assert received.get(timeout=WITHIN_S)["data"]["nudge_id"] == "repeat:cleo-2"
    assert received.empty()


def test_without_webhooks_it_says_what_to_set(tmp_path: Path) -> None:
    with running("deliver", "--db", "monitor.db", cwd=str(tmp_path)) as process:
        _, told = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 2
    assert "delivery.webhooks: there are none" in told
