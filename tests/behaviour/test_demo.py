"""The demo and the service, as processes: what they serve, and how they end."""

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from streams.bootstrap import wall_clock
from streams.contracts.times import rfc3339
from tests.processes import PROMPTLY_S, ended, line_with, running

SIGNALS = [signal.SIGINT, signal.SIGTERM]


def url_in(line: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found
    return found[0]


def scraped(url: str, sample: str) -> str:
    """Return the metrics, as soon as a sample is among them."""
    deadline = time.monotonic() + PROMPTLY_S
    while True:
        text = httpx.get(f"{url}/metrics", trust_env=False, timeout=PROMPTLY_S).text
        if re.search(sample, text, re.MULTILINE):
            return text
        assert time.monotonic() < deadline, text
        time.sleep(0.1)


def test_the_demo_shows_outputs_beside_outcomes_and_ends_by_itself(tmp_path: Path) -> None:
    with running("demo", "--seconds", "8", "--port", "0", cwd=str(tmp_path)) as process:
        out, err = process.communicate(timeout=PROMPTLY_S)
    assert (process.returncode, err) == (0, "")
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 120
    assert all(words in out for words in ("OUTPUTS", "OUTCOMES", "billing", "technical", "(simulated)", "/metrics"))


def test_every_frame_of_the_demo_tells_of_one_day_and_says_so_everywhere(tmp_path: Path) -> None:
    arguments = ("--weeks", "1", "--speed", "36000", "--seconds", "20", "--port", "0")
    with running("demo", *arguments, cwd=str(tmp_path)) as process:
        out, _ = process.communicate(timeout=PROMPTLY_S)
    assert "OUTPUTS last 24 h" in out
    assert all(int(hours) <= 24 for hours in re.findall(r"last (\d+) h", out))
    assert "last day" not in out
    figures: dict[str, set[str]] = {}
    for frame in re.split(r"^(?=.*\(simulated\))", out, flags=re.MULTILINE)[1:]:
        when, _, rest = frame.partition("(simulated)")
        figures.setdefault(when, set()).add(rest)
    assert all(len(different) == 1 for different in figures.values())


@pytest.fixture
def _hangups_are_heard() -> Iterator[None]:
    """Have processes hear of a closed terminal, even if the tests themselves were started not to."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("_hangups_are_heard")
@pytest.mark.parametrize("number", [*SIGNALS, signal.SIGHUP])
def test_the_demo_leaves_nothing_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running("demo", "--port", "0", cwd=str(tmp_path)) as process:
        line_with(process.stdout, "/metrics")
        assert list(tmp_path.iterdir())
        assert ended(process, number) == (0, "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", SIGNALS)
def test_the_demo_serves_metrics_and_ends_cleanly_by_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    with running("demo", "--port", "0", cwd=str(tmp_path)) as process:
        url = url_in(line_with(process.stdout, "/metrics"))
        text = scraped(url, r'^legacy_offered_total\{.*queue="billing".*\}')
        assert "outcome_demand_total{" in text
        assert ended(process, number) == (0, "")


@pytest.mark.parametrize("number", SIGNALS)
def test_the_service_takes_events_counts_them_and_ends_cleanly_by_a_signal(
    tmp_path: Path, number: signal.Signals
) -> None:
    event = (
        f'{{"event_id": "e1", "type": "contact.offered", "occurred_at": "{rfc3339(wall_clock())}", "source": "test",'
        ' "contact_id": "c1", "channel": "voice", "queue": "billing"}'
    )
    with running("run", "--db", "m.db", "--port", "0", cwd=str(tmp_path)) as process:
        url = url_in(line_with(process.stderr, "/metrics"))
        headers = {"content-type": "application/x-ndjson"}
        posted = httpx.post(f"{url}/v1/events", content=event, headers=headers, trust_env=False)
        assert posted.json() == {"accepted": 1}
        scraped(url, r'^monitor_events_total\{type="contact.offered"\} 1\.0$')
        text = scraped(url, r'^monitor_events_total\{type="clock.tick"\}')
        assert "monitor_watermark_timestamp_seconds" in text
        assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
        assert ended(process, number) == (0, "")


def test_the_service_takes_a_file_before_time_moves_on(tmp_path: Path) -> None:
    offer = (
        '{"event_id": "e1", "type": "contact.offered", "occurred_at": "2026-03-02T09:00:00Z", "source": "test",'
        ' "contact_id": "c1", "channel": "voice"}'
    )
    (tmp_path / "events.jsonl").write_text(offer + "\n")
    with running("run", "--db", "m.db", "--port", "0", "--from", "events.jsonl", cwd=str(tmp_path)) as process:
        url = url_in(line_with(process.stderr, "/metrics"))
        text = scraped(url, r"^legacy_offered_total\{.*\} 1\.0$")
        assert "monitor_late_events_total{" not in text
        assert ended(process, signal.SIGTERM)[0] == 0


def test_two_services_cannot_run_on_one_file(tmp_path: Path) -> None:
    with running("run", "--db", "m.db", "--port", "0", cwd=str(tmp_path)) as first:
        line_with(first.stderr, "/metrics")
        with running("run", "--db", "m.db", "--port", "0", cwd=str(tmp_path)) as second:
            _, err = second.communicate(timeout=PROMPTLY_S)
            assert second.returncode == 1
            assert "another process is running on this file" in err
            assert err.count("\n") == 1
