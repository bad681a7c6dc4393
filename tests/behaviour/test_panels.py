"""Every panel of the dashboards, asked for by a real Prometheus that has the history of a simulated centre."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any, Final, TypeAlias

import pytest
from typer.testing import CliRunner

from streams.bootstrap import open_engine
from streams.cli.entry import app
from streams.domain.ledger import Entry
from streams.domain.units import DAY, HOUR, SECOND, Millis
from streams.exporter.report import Report, report
from streams.settings import load
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.presets import demo_plan
from tests import estimates_by_hand
from tests.prometheus import ROOT, Prometheus, prometheus
from tests.tools import tool
from tests.unit.test_dashboards import queries

START: Final = 20_500 * DAY
DAYS: Final = 20
END: Final[Millis] = START + DAYS * DAY

History: TypeAlias = tuple[Prometheus, Report, list[Entry]]

ELSEWHERE: Final[Mapping[str, str]] = {
    "monitor_worker": "of workers of the Kafka engine, tests/behaviour/test_kafka_roles.py has them",
    "monitor_process": "of a process that runs, tests/behaviour/test_compose_running.py has one",
    "ALERTS": "none fires: tests/behaviour/test_alerting.py has one that does",
    "legacy_sla": "the simulator knows no SLA, tests/behaviour/test_backfill.py has a desk that does",
    "legacy_attrition": "needs four weeks",
    "monitor_label_overflow": "nothing is beyond the budget",
    "monitor_late": "nothing comes late",
    "monitor_duplicate": "a duplicate may come, or not",
    "monitor_dead_letters": "every record can be used",
    "monitor_orphan": "every offer is seen",
    "monitor_restatements": "nothing comes late",
    "[5m]": "samples are a day apart here",
}
"""What has nothing to say here, and why."""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """Run Prometheus on the history of a small centre; with the report of a replay of it."""
    folder = tmp_path_factory.mktemp("panels")
    plan = demo_plan()
    plan = replace(plan, queues=tuple(replace(queue, per_hour=queue.per_hour / 8) for queue in plan.queues))
    log, out = folder / "log.jsonl", folder / "history.om"
    log.write_bytes(b"".join(one.raw + b"\n" for one in simulate(plan, 1, START, until=END)))
    db = str(folder / "monitor.db")
    done = CliRunner().invoke(app, ["backfill", str(log), "--out", str(out), "--every", "1d", "--db", db])
    assert done.exit_code == 0, done.output
    settings = load(ROOT / "config", {})
    with closing(open_engine(settings, db)) as engine:
        told = report(engine.ledger.totals(), settings.policy())
        entries = list(engine.ledger.cohorts(1))
    command = [tool("promtool", package="prometheus"), "tsdb", "create-blocks-from", "openmetrics"]
    command += ["--max-block-duration=744h", str(out), str(folder / "data")]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    with prometheus(folder, {"global": {"scrape_interval": "1h"}}, "--storage.tsdb.retention.time=100y") as server:
        yield server, told, entries


LAST: Final = (END - HOUR) // DAY * DAY / SECOND


@pytest.mark.parametrize(("panel", "expr"), list(queries("1d")), ids=lambda text: text if ": " in text else "")
def test_every_panel_has_something_to_show(history: History, panel: str, expr: str) -> None:
    server, _, _ = history
    found = server.query(expr, LAST)
    if not any(name in expr for name in ELSEWHERE):
        assert found, f"{panel}: {expr}"


def the_only(found: list[dict[str, Any]]) -> float:
    (series,) = found
    return float(series["value"][1])


def test_what_panels_add_up_to_is_what_the_ledger_has(history: History) -> None:
    server, told, _ = history
    end = END / SECOND + 60
    failure = sum(told["demand"]["failure"].values())
    totals = {
        "centre:legacy_offered:total": told["contacts"]["offered"],
        "centre:legacy_handled:total": told["contacts"]["handled"],
        "centre:outcome_failure_demand:total": failure,
        'centre_window:outcome_recurred:total{window="7d"}': told["windows"]["7d"]["recurred"],
        "sum(queue:outcome_failure_demand:total)": failure,
        "sum(team:legacy_offered:total)": told["contacts"]["offered"],
        "sum(queue:outcome_failure_demand_caused:total)": failure,
    }
    for expr, n in totals.items():
        assert the_only(server.query(expr, end)) == n > 0, expr


@pytest.mark.parametrize("queue", ["billing", "delivery", "technical", "cards", "onboarding"])
@pytest.mark.parametrize("window", ["1d", "7d"])
def test_estimates_are_those_that_the_ledgers_rows_and_the_definitions_give(
    history: History, queue: str, window: str
) -> None:
    server, _, entries = history
    end, of = END / SECOND + 60, f'queue="{queue}", window="{window}"'
    period = the_only(server.query(f'outcome_queue_live_period_seconds{{{of}, handled="true"}}', end)) / 3600
    length = {"1d": 24, "7d": 168}[window]
    now = int(the_only(server.query("monitor_watermark_timestamp_seconds", end)) // 3600)
    expected = estimates_by_hand.all_of(estimates_by_hand.Queue(entries, queue), length, now, round(period))
    got = {name: the_only(server.query(f"queue_window:{name}{{{of}}}", end)) for name in expected}
    assert len(got) == 10
    assert got == pytest.approx(expected)
