"""``backfill``: what Prometheus would have scraped of history, had it been there."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse
from typer.testing import CliRunner, Result

from streams.bootstrap import make_exporter, open_engine, wall_clock
from streams.catalogue.rules import RECORDINGS
from streams.catalogue.rules.promql import selector
from streams.cli.entry import app
from streams.cli.exits import UsageError
from streams.cli.replaying import Replay
from streams.domain.units import DAY, HOUR, MINUTE, SECOND, Millis
from streams.engines.embedded import EmbeddedEngine
from streams.engines.embedded.database import MEMORY
from streams.exporter.report import Report
from streams.settings import Settings, load
from streams.sources.detect import open_source
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.presets import noisy_plan
from tests.logs import before
from tests.prometheus import ROOT, prometheus
from tests.tools import tool

SETTINGS: Final[Settings] = load(ROOT / "config", {})
START: Final = 1_772_000_000_000
DESK: Final = ROOT / "tests/fixtures/servicenow/small.csv"
LINE: Final = re.compile(r"(\S+?)(\{.*\})? (\S+) (\S+)")

Series = tuple[str, frozenset[tuple[str, str]]]
Sampled = Mapping[Series, float]
"""What was told at a time, by series."""


def log(hours: int = 14, seed: int = 1) -> list[bytes]:
    """Return a log with everything that makes real ones hard: disorder, duplicates, late events."""
    return [record.raw for record in simulate(noisy_plan(), seed, START, until=START + hours * HOUR)]


LOG: Final = log()


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["backfill", *map(str, arguments)])


def write(folder: Path, records: Sequence[bytes]) -> Path:
    path = folder / "log.jsonl"
    path.write_bytes(b"".join(record + b"\n" for record in records))
    return path


def samples(path: Path) -> Mapping[Millis, Sampled]:
    """Return what a file holds by time."""
    found: dict[Millis, dict[Series, float]] = {}
    lines = path.read_text().splitlines()
    assert lines[-1] == "# EOF"
    for line in lines[:-1]:
        if not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match is not None, line
            name, labels, value, at = match.groups()
            found.setdefault(round(float(at) * SECOND), {})[name, _labels(labels or "")] = float(value)
    return found


def exported(sampled: Sampled) -> Sampled:
    """Return what comes from the exporter, and not from rules."""
    return {(name, labels): value for (name, labels), value in sampled.items() if ":" not in name}


def told(engine: EmbeddedEngine) -> Sampled:
    """Return what an exporter tells now, with the label that Prometheus would add."""
    text = make_exporter(SETTINGS, engine.ledger).exposition()[0].decode()
    found: dict[Series, float] = {}
    for family in parse(text):
        for sample in family.samples:
            found[sample.name, frozenset({"job": "j", **sample.labels}.items())] = sample.value
    return found


def scraped(records: Sequence[bytes], at: Millis) -> Sampled:
    """Return what an exporter tells of a log at a moment: from an engine that has seen no more of it."""
    with closing(open_engine(SETTINGS, MEMORY)) as engine:
        engine.ingest(list(before(records, at, SETTINGS.policy())), wall_clock(), {})
        engine.advance(at)
        return told(engine)


@pytest.fixture(scope="module")
def backfilled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backfill")
    done = run(write(folder, LOG), "--out", folder / "history.om", "--every", "1h", "--label", "job=j")
    assert done.exit_code == 0, done.output
    return folder / "history.om"


def test_samples_stand_at_every_whole_step_and_at_the_end(backfilled: Path) -> None:
    *steps, end = samples(backfilled)
    assert steps == [(START // HOUR + n) * HOUR for n in range(1, len(steps) + 1)]
    assert len(steps) >= 13
    assert end > steps[-1]


@pytest.mark.parametrize("n", [1, 2, 5, 9, 13])
def test_a_sample_is_what_a_scrape_would_have_found_then(backfilled_once: Mapping[Millis, Sampled], n: int) -> None:
    at = (START // HOUR + n) * HOUR
    assert exported(backfilled_once[at]) == scraped(LOG, at)


@pytest.fixture(scope="module")
def backfilled_once(backfilled: Path) -> Mapping[Millis, Sampled]:
    return samples(backfilled)


def test_the_last_sample_is_what_a_replay_of_it_all_comes_to(backfilled_once: Mapping[Millis, Sampled]) -> None:
    with closing(open_engine(SETTINGS, MEMORY)) as engine:
        engine.ingest(LOG, wall_clock(), {})
        latest = engine.latest
        assert latest is not None
        engine.advance(latest + 1)
        assert exported(backfilled_once[latest + 1]) == told(engine)


def test_the_file_that_is_kept_is_that_of_a_replay_and_goes_on(tmp_path: Path) -> None:
    path = write(tmp_path, LOG)
    kept, plain = str(tmp_path / "kept.db"), str(tmp_path / "plain.db")
    assert run(path, "--out", tmp_path / "history.om", "--every", "6h", "--db", kept).exit_code == 0
    assert CliRunner().invoke(app, ["replay", str(path), "--db", plain]).exit_code == 0
    with closing(open_engine(SETTINGS, kept)) as one, closing(open_engine(SETTINGS, plain)) as other:
        assert told(one) == told(other)
        assert set(one.outcomes()) - set(other.outcomes()) == set()
    again = CliRunner().invoke(app, ["replay", str(path), "--db", kept])
    assert "goes on after record" in again.output


def test_one_record_of_another_year_moves_no_time(tmp_path: Path) -> None:
    odd = b'{"event_id":"odd","type":"clock.tick","occurred_at":"2026-09-01T00:00:00Z","source":"test"}'
    path = write(tmp_path, [*LOG[:500], odd, *LOG[500:]])
    assert run(path, "--out", tmp_path / "history.om", "--every", "1h").exit_code == 0
    *steps, _ = samples(tmp_path / "history.om")
    assert max(steps) <= START + 15 * HOUR


def test_samples_can_be_limited_to_a_span_of_time(tmp_path: Path) -> None:
    since, until = "2026-02-25T09:00:00Z", "2026-02-25T15:30:00Z"
    done = run(write(tmp_path, LOG), "--out", tmp_path / "h.om", "--since", since, "--until", until)
    assert done.exit_code == 0, done.output
    times = list(samples(tmp_path / "h.om"))
    nine = 20_509 * DAY + 9 * HOUR
    assert times[0] == nine
    assert nine + 6 * HOUR <= times[-1] <= nine + 6 * HOUR + 30 * MINUTE + 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--every", "10s"], "--every: 10s is too short; the least is 1m"),
        (["--every", "often"], "--every: 'often' is not a duration"),
        (["--label", "job"], "--label: 'job' is not NAME=VALUE"),
        (["--label", "a-b=c"], "--label: 'a-b=c' is not NAME=VALUE"),
        (["--out", "-"], "--out: promtool reads its input more than once; name a file"),
        (["--out", "there.om"], "--out: there.om is there already; name another file, or write over it with --force"),
        (["--db", "used.db"], "--db: used.db holds history already, whose past can't be seen again; name a new file"),
    ],
)
def test_what_can_not_be_done_is_said_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, LOG[:200])
    (tmp_path / "there.om").touch()
    CliRunner().invoke(app, ["replay", str(path), "--db", "used.db"])
    done = run(path, *([] if "--out" in arguments else ["--out", "new.om"]), *arguments)
    assert isinstance(done.exception, UsageError)
    assert said in str(done.exception)
    assert not (tmp_path / "new.om").exists()
    assert not list(tmp_path.glob("*.part"))
    assert run(path, "--out", "there.om", "--force").exit_code == 0


def test_prometheus_answers_with_the_very_numbers(tmp_path: Path, backfilled: Path) -> None:
    into_blocks(backfilled, tmp_path / "data")
    by_time = samples(backfilled)
    *steps, end = by_time
    options = ("--storage.tsdb.retention.time=100y",)
    with prometheus(tmp_path, {"global": {"scrape_interval": "1h"}}, *options) as server:
        for name in ("outcome_ended_total", "outcome_demand_total", "legacy_handle_seconds_bucket"):
            found = server.query_range(f'{name}{{job="j"}}', steps[0] / SECOND, steps[-1] / SECOND, "1h")
            got = {
                (_labels_of(series["metric"]), round(at * SECOND)): float(value)
                for series in found
                for at, value in series["values"]
            }
            expected = {
                (labels, at): value for at in steps for (named, labels), value in by_time[at].items() if named == name
            }
            assert got == expected
            assert got
        total = server.query('sum(outcome_ended_total{job="j"})', end / SECOND)
        ended = sum(value for (name, _), value in by_time[end].items() if name == "outcome_ended_total")
        assert float(total[0]["value"][1]) == ended > 0


def _labels_of(metric: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset((label, value) for label, value in metric.items() if label != "__name__")


def _labels(text: str) -> frozenset[tuple[str, str]]:
    return frozenset(re.findall(r'(\w+)="([^"]*)"', text))


def test_range_queries_over_a_service_desks_history_are_what_replays_up_to_each_day_report(tmp_path: Path) -> None:
    out = tmp_path / "desk.om"
    done = run(DESK, "--out", out, "--every", "1d", "--label", "job=j")
    assert done.exit_code == 0, done.output
    into_blocks(out, tmp_path / "data")
    *days, end = samples(out)
    with prometheus(tmp_path, {"global": {"scrape_interval": "1h"}}, "--storage.tsdb.retention.time=100y") as server:
        for window in ("1d", "7d", "30d"):
            of = f'{{window="{window}"}}'
            asked = f"sum(outcome_recurred_total{of}) - sum(outcome_recurred_retracted_total{of})"
            (series,) = server.query_range(asked, days[0] / SECOND, days[-1] / SECOND, "1d")
            told_by_day = {round(at * SECOND): float(value) for at, value in series["values"]}
            assert {day: told_by_day.get(day, 0) for day in days} == {
                day: replayed_until(day)["windows"].get(window, {"recurred": 0})["recurred"] for day in days
            }
            (last,) = server.query(asked, end / SECOND)
            assert float(last["value"][1]) == replayed_until(end)["windows"][window]["recurred"] > 0


@pytest.mark.parametrize("of", ["telephony", "desk"])
def test_recorded_series_are_what_prometheus_makes_of_the_rules(tmp_path: Path, backfilled: Path, of: str) -> None:
    out = backfilled
    if of == "desk":
        out = tmp_path / "desk.om"
        assert run(DESK, "--out", out, "--every", "1d", "--label", "job=j").exit_code == 0
    into_blocks(out, tmp_path / "data")
    *_, last, _ = samples(out)
    with prometheus(tmp_path, {"global": {"scrape_interval": "1h"}}, "--storage.tsdb.retention.time=100y") as server:

        def answers(expr: str) -> Mapping[frozenset[tuple[str, str]], float]:
            found = server.query(expr, last / SECOND)
            return {_labels_of(series["metric"]): float(series["value"][1]) for series in found}

        said = 0
        for group in ("totals", "counts", "ratios", "estimates"):
            for rule in RECORDINGS[group]:
                recorded = answers(f"{rule.record}{selector(rule.labels)}")
                made = answers(rule.expr)
                expected = {labels | set(rule.labels.items()): value for labels, value in made.items()}
                assert recorded == pytest.approx(expected), rule
                said += bool(recorded)
        assert said > 200


def replayed_until(at: Millis) -> Report:
    """Return the report of a replay of the desk's log that knows nothing of what came from a moment on."""
    with closing(open_engine(SETTINGS, MEMORY)) as engine:
        run_ = Replay(engine, at - 1)
        with open_source(str(DESK)) as source:
            run_.read(str(DESK), source, lambda _: None)
        return run_.finish(SETTINGS.policy())


def into_blocks(openmetrics: Path, folder: Path) -> None:
    promtool = tool("promtool", package="prometheus")
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=744h"]
    subprocess.run([*command, str(openmetrics), str(folder)], check=True, capture_output=True)  # noqa: S603
