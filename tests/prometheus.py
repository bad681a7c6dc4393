"""Prometheus and Alertmanager as processes of their own, on loopback and on folders that nobody needs afterwards."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

import httpx
import yaml

from deploy.kafka.ports import free_ports
from tests.tools import tool

ROOT = Path(__file__).parents[1]
RULES = sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
HOST = "127.0.0.1"
READY_S = 60.0


def wait_for(what: Callable[[], Any], within: float, said: Callable[[], str] = str) -> Any:  # noqa: ANN401 - what it is
    """Wait until something is there, and return it."""
    deadline = monotonic() + within
    while not (found := what()):
        assert monotonic() < deadline, f"not within {within:g} s: {said()}"
        sleep(0.2)
    return found


@dataclass
class Server:
    """A server that answers at a URL, and its log."""

    url: str
    log: Path
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=60))

    def get(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - any JSON
        """Return what it answers."""
        answer = self.client.get(f"{self.url}{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def is_ready(self) -> bool:
        try:
            return self.client.get(f"{self.url}/-/ready").status_code == 200
        except httpx.TransportError:
            return False


class Prometheus(Server):
    """Asked for what it knows."""

    def query(self, expr: str, at: float | None = None) -> list[dict[str, Any]]:
        """Return the series of an instant query, now or at a time in seconds."""
        when = {} if at is None else {"time": f"{at:.3f}"}
        found: list[dict[str, Any]] = self.get("/api/v1/query", query=expr, **when)["data"]["result"]
        return found

    def query_range(self, expr: str, start: float, end: float, step: str) -> list[dict[str, Any]]:
        """Return the series of a range query."""
        span = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": step}
        found: list[dict[str, Any]] = self.get("/api/v1/query_range", query=expr, **span)["data"]["result"]
        return found


@contextmanager
def prometheus(folder: Path, config: Mapping[str, Any], *options: str, port: int | None = None) -> Iterator[Prometheus]:
    """Run Prometheus on a folder, which may have blocks of data in ``data``, until the end of the block."""
    program = tool("prometheus", package="prometheus")
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = port or next(free_ports())
    command = [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={HOST}:{port}",
        *options,
    ]
    with _running(command, Prometheus(f"http://{HOST}:{port}", folder / "prometheus.log")) as server:
        yield server


@contextmanager
def alertmanager(folder: Path, config: Mapping[str, Any]) -> Iterator[Server]:
    """Run Alertmanager on a folder until the end of the block."""
    program = tool("alertmanager", "prometheus-alertmanager", package="prometheus-alertmanager")
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    port = next(free_ports())
    command = [
        program,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={HOST}:{port}",
        "--cluster.listen-address=",
    ]
    with _running(command, Server(f"http://{HOST}:{port}", folder / "alertmanager.log")) as server:
        yield server


@contextmanager
def _running(command: Sequence[str], server: Any) -> Iterator[Any]:  # noqa: ANN401 - what is given is returned
    with server.log.open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603 - ours
    try:
        wait_for(lambda: process.poll() is not None or server.is_ready(), READY_S, server.log.read_text)
        assert process.poll() is None, server.log.read_text()
        yield server
    finally:
        server.client.close()
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class Webhook:
    """Takes what Alertmanager posts: each body with the path that it came to."""

    url: str
    posted: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def alerts(self, status: str) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the labels of alerts of a status, with the path that they were posted to."""
        for path, body in list(self.posted):
            for alert in body["alerts"]:
                if alert["status"] == status:
                    yield path, alert["labels"]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Listen until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            found.posted.append((self.path, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    found = Webhook(f"http://{HOST}:{server.server_port}")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
