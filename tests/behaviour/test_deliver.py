"""``deliver`` beside ``run``, as processes, on either engine: nudges reach a webhook once, over restarts."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.kafka.cluster import Cluster
from tests.centres import WITHIN_S, Centre, Run, on_kafka, until
from tests.processes import running


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
def delivering(centre: Centre) -> Iterator[None]:
    """A process that delivers, once it says so, until it is asked to end."""
    with centre.beside("deliver", says="delivers nudges of") as (_, line):
        assert f"delivers nudges of {centre.nudges} to desktop" in line
        yield


def test_what_is_told_while_it_runs_is_delivered_and_after_a_restart_only_what_is_new(
    run_centre: Run, tmp_path: Path, target: tuple[str, "Queue[dict[str, Any]]"]
) -> None:
    url, received = target
    with run_centre(tmp_path, delivering_to(url, tmp_path)) as centre:
        told = 0

        def repeat(customer: str) -> None:
            """Have a customer call twice, and wait until that is settled."""
            nonlocal told
            told += 1
            centre.repeat(customer)
            until(lambda: _issued(centre.metrics()) == told)

        repeat("before")  # told before it ran for the first time: too late for whoever is new
        with delivering(centre):
            repeat("anna")
            assert next_of(received) == "repeat:anna-2"
            repeat("ben")
            assert next_of(received) == "repeat:ben-2"
        repeat("cleo")
        with delivering(centre):
            assert next_of(received) == "repeat:cleo-2"
            repeat("dora")
            assert next_of(received) == "repeat:dora-2"
    assert received.empty()


@pytest.mark.usefixtures("own_kafka")
def test_brokers_that_are_away_for_a_while_cost_no_nudge_and_double_none(
    tmp_path: Path, target: tuple[str, "Queue[dict[str, Any]]"]
) -> None:
    url, received = target
    settings = delivering_to(url, tmp_path)
    with Cluster() as cluster, on_kafka(cluster.bootstrap)(tmp_path, settings) as centre, delivering(centre):
        centre.repeat("anna")
        assert next_of(received) == "repeat:anna-2"
        cluster.kill(1)
        cluster.start(1)
        cluster.wait_ready()
        until(lambda: centre.takes("ben"))
        assert next_of(received) == "repeat:ben-2"
        until(lambda: _issued(centre.metrics()) == 2)
        centre.repeat("cleo")
        assert next_of(received) == "repeat:cleo-2"
    assert received.empty()


def delivering_to(url: str, folder: Path) -> Mapping[str, Any]:
    """Settings of a webhook."""
    (folder / "desktop.secret").write_text(f"whsec_{b64encode(bytes(32)).decode()}")
    return {"delivery": {"webhooks": [{"name": "desktop", "url": url, "secret_file": "../desktop.secret"}]}}


def next_of(received: "Queue[dict[str, Any]]") -> str:
    """The nudge that comes next."""
    return str(received.get(timeout=WITHIN_S)["data"]["nudge_id"])


def _issued(exposition: str) -> float:
    """How many nudges were told that are settled."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(exposition)
        if family.name == "outcome_nudges"
        for sample in family.samples
        if sample.name == "outcome_nudges_total" and sample.labels["fate"] == "issued"
    )


def test_without_webhooks_it_says_what_to_set(tmp_path: Path) -> None:
    with running("deliver", "--db", "monitor.db", cwd=str(tmp_path)) as process:
        _, told = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 2
    assert "delivery.webhooks: there are none" in told
