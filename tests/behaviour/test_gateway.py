"""The HTTP gateway over a real server and a real file: what is accepted is in the log, and nothing else is."""

import gzip
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from streams.bootstrap import Health, make_app, make_exporter, open_appender, open_engine, wall_clock
from streams.cli.serving import listen, serving
from streams.contracts.times import rfc3339
from streams.engines.embedded.database import connect
from streams.engines.embedded.log import SegmentTable
from streams.engines.port import StorageError
from streams.settings import load
from streams.sources.http import MOST_SHOWN

NDJSON = "application/x-ndjson"
LIMITS = {"OUTCOME_MONITOR__HTTP__MAX_BODY": "64 KiB", "OUTCOME_MONITOR__HTTP__MAX_BATCH": "100"}


class Gateway:
    """A client of a gateway that runs, and its log as another process sees it."""

    def __init__(self, client: httpx.Client, path: str, health: Health) -> None:
        self.client = client
        self.path = path
        self.health = health

    def post(self, body: bytes | Iterator[bytes], media_type: str = NDJSON, **headers: str) -> httpx.Response:
        sent = {"content-type": media_type} | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post("/v1/events", content=body, headers=sent)

    def log(self) -> list[bytes]:
        with closing(connect(self.path, read_only=True)) as connection:
            return [record.value for record in SegmentTable(connection, "log").read(0)]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    path = str(tmp_path / "monitor.db")
    settings = load(None, LIMITS)
    health = Health()
    with closing(open_engine(settings, path)) as engine, closing(open_appender(path)) as appender:
        app = make_app(settings, make_exporter(settings, engine.ledger).registry, appender.append, health)
        listening = listen("127.0.0.1", 0)
        with serving(app, listening) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
            yield Gateway(client, path, health)


def event(number: int = 1, **more: object) -> bytes:
    offer = {
        "event_id": f"e{number}",
        "type": "contact.offered",
        "occurred_at": rfc3339(wall_clock()),
        "source": "test",
        "contact_id": f"c{number}",
        "channel": "voice",
    }
    return json.dumps(offer | more).encode()


def refusal(response: httpx.Response, status: int) -> dict[str, Any]:
    """Return the problem details of a refusal, which has this status."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["accepted"] == 0
    return body


def errors(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a refusal says about each of the events that it names."""
    named: list[dict[str, Any]] = body["errors"]
    return named


def test_what_was_accepted_is_in_the_log(gateway: Gateway) -> None:
    lines = [event(n) for n in range(3)]
    response = gateway.post(b"\r\n".join(lines) + b"\n\n")
    assert (response.status_code, response.json()) == (202, {"accepted": 3})
    assert gateway.log() == lines


def test_accepted_events_are_counted_once_the_engine_has_processed_them(tmp_path: Path) -> None:
    path = str(tmp_path / "monitor.db")
    settings = load(None, {})
    with closing(open_engine(settings, path)) as engine, closing(open_appender(path)) as appender:
        app = make_app(settings, make_exporter(settings, engine.ledger).registry, appender.append, Health())
        with (
            serving(app, listen("127.0.0.1", 0)) as server,
            httpx.Client(base_url=server.url, trust_env=False) as client,
        ):
            headers = {"content-type": NDJSON}
            assert client.post("/v1/events", content=event(), headers=headers).status_code == 202
            assert engine.step(10) == 1
            assert 'monitor_events_total{type="contact.offered"} 1.0' in client.get("/metrics").text


def test_gzip_is_unpacked(gateway: Gateway) -> None:
    body = gzip.compress(event(1)) + gzip.compress(b"\n" + event(2))
    assert gateway.post(body, content_encoding="gzip").json() == {"accepted": 2}
    assert len(gateway.log()) == 2


@pytest.mark.parametrize("shape", ["object", "pretty", "array", "lines"])
def test_json_may_be_an_event_an_array_or_lines(gateway: Gateway, shape: str) -> None:
    one, two = event(1), event(2)
    body, accepted = {
        "object": (one, 1),
        "pretty": (json.dumps(json.loads(one), indent=2).encode(), 1),
        "array": (b"[%s, %s]" % (one, two), 2),
        "lines": (one + b"\n" + two, 2),
    }[shape]
    assert gateway.post(body, "application/json; charset=utf-8").json() == {"accepted": accepted}
    assert len(gateway.log()) == accepted


def test_cloudevents_are_accepted_in_structured_mode(gateway: Gateway) -> None:
    envelope = {
        "specversion": "1.0", "id": "e1", "source": "test", "type": "contact.offered",
        "time": rfc3339(wall_clock()), "data": {"contact_id": "c1", "channel": "voice"},
    }  # fmt: skip
    assert gateway.post(json.dumps(envelope).encode(), "application/cloudevents+json").json() == {"accepted": 1}
    batch = json.dumps([envelope, envelope | {"id": "e2"}]).encode()
    assert gateway.post(batch, "application/cloudevents-batch+json").json() == {"accepted": 2}


def test_one_bad_line_keeps_out_the_good_ones_too_and_is_named(gateway: Gateway) -> None:
    body = refusal(gateway.post(event(1) + b"\n\n" + event(2, channel=7) + b"\n" + event(3)), 422)
    assert body["bad"] == 1
    (error,) = errors(body)
    assert (error["line"], error["reason"]) == (3, "schema")
    assert "channel" in error["detail"]
    assert "nothing was appended" in str(body["detail"])
    assert gateway.log() == []


def test_a_bad_item_of_an_array_is_named_by_its_number(gateway: Gateway) -> None:
    body = refusal(gateway.post(b"[%s, 7]" % event(), "application/json"), 400)
    assert errors(body)[0]["item"] == 2


def test_lines_that_are_no_json_are_a_bad_request(gateway: Gateway) -> None:
    body = refusal(gateway.post(event() + b"\n{broken\n\xff"), 400)
    assert [error["reason"] for error in errors(body)] == ["not_json", "not_utf8"]
    assert gateway.log() == []


def test_of_many_bad_lines_the_first_are_shown_and_all_are_counted(gateway: Gateway) -> None:
    body = refusal(gateway.post(b"\n".join([b"x"] * 50)), 400)
    assert (body["bad"], len(errors(body))) == (50, MOST_SHOWN)


@pytest.mark.parametrize("body", [b"", b"\n \n"])
def test_a_body_without_events_is_a_bad_request(gateway: Gateway, body: bytes) -> None:
    refusal(gateway.post(body), 400)


def test_a_body_over_the_limit_is_too_large(gateway: Gateway) -> None:
    body = refusal(gateway.post(event() + b"\n" * 70_000), 413)
    assert body["limit_bytes"] == 65_536


def test_a_body_over_the_limit_is_too_large_when_it_comes_in_chunks(gateway: Gateway) -> None:
    refusal(gateway.post(iter([event() + b"\n", *[b"\n" * 1_000] * 66])), 413)
    assert gateway.log() == []


def test_a_gzip_bomb_is_too_large(gateway: Gateway) -> None:
    refusal(gateway.post(gzip.compress(b"\n" * 20_000_000), content_encoding="gzip"), 413)


def test_too_many_events_are_too_large(gateway: Gateway) -> None:
    body = refusal(gateway.post(b"\n".join(event(n) for n in range(101))), 413)
    assert body["limit_events"] == 100
    assert gateway.log() == []


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"x" * 100)[:-4]])
def test_a_broken_gzip_stream_is_a_bad_request(gateway: Gateway, body: bytes) -> None:
    refusal(gateway.post(body, content_encoding="gzip"), 400)


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_media_type_is_refused_and_told_which_would_do(gateway: Gateway, media_type: str) -> None:
    response = gateway.post(event(), media_type)
    assert NDJSON in str(refusal(response, 415)["detail"])


@pytest.mark.parametrize("headers", [{"content_encoding": "br"}, {"media_type": NDJSON + "; charset=latin-1"}])
def test_another_coding_or_charset_is_refused(gateway: Gateway, headers: dict[str, str]) -> None:
    refusal(gateway.post(event(), **headers), 415)


def test_only_post_is_allowed(gateway: Gateway) -> None:
    assert gateway.client.get("/v1/events").status_code == 405


def test_it_is_ready_once_nothing_stands_in_the_way(gateway: Gateway) -> None:
    assert gateway.client.get("/healthz").status_code == 200
    assert gateway.client.get("/readyz").status_code == 503
    gateway.health.problem = None
    assert gateway.client.get("/readyz").json() == {"status": "ready"}


@contextmanager
def client_of(append: Callable[..., int], tmp_path: Path) -> Iterator[httpx.Client]:
    settings = load(None, {})
    with closing(open_engine(settings, str(tmp_path / "other.db"))) as engine:
        app = make_app(settings, make_exporter(settings, engine.ledger).registry, append, Health())
        with (
            serving(app, listen("127.0.0.1", 0)) as server,
            httpx.Client(base_url=server.url, trust_env=False) as client,
        ):
            yield client


def test_a_full_disk_is_unavailable_with_a_time_to_come_back(tmp_path: Path) -> None:
    path = str(tmp_path / "full.db")
    appender = open_appender(path)
    connection = appender._connection  # noqa: SLF001 - the disk can't be filled, but the file's size can be limited
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    big = b"\n".join(event(n, reason="r" * 150) for n in range(200))
    with client_of(appender.append, tmp_path) as client:
        response = client.post("/v1/events", content=big, headers={"content-type": NDJSON})
        body = refusal(response, 503)
        assert response.headers["retry-after"] == "5"
        assert "disk is full" in str(body["detail"])
        connection.execute(f"PRAGMA max_page_count = {pages + 1_000}")
        assert client.post("/v1/events", content=big, headers={"content-type": NDJSON}).status_code == 202
    appender.close()


def test_a_log_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    def append(*_: object) -> int:
        msg = "monitor.db: attempt to write a readonly database"
        raise StorageError(msg) from sqlite3.OperationalError()

    with client_of(append, tmp_path) as client:
        refusal(client.post("/v1/events", content=event(), headers={"content-type": NDJSON}), 503)
