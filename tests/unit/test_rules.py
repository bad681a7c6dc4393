"""The rules, dashboards and runbooks as files: up to date, and about nothing that does not exist."""

import re
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from streams.catalogue.rules import ALERTS, RECORDINGS, Alert
from streams.catalogue.rules.files import RUNBOOKS, rule_files
from streams.catalogue.rules.page import render_rules
from streams.catalogue.rules.ratios import RATIOS
from streams.catalogue.rules.totals import TOTALS
from streams.cli.entry import app
from tests.metric_names import RECORDED, exists, names_in

ROOT: Final = Path(__file__).parents[2]
RULES: Final = ROOT / "deploy/prometheus/rules"


def test_the_committed_files_are_what_the_catalogue_says() -> None:
    assert {path.name: path.read_text() for path in RULES.iterdir()} == rule_files()
    assert (ROOT / "streams/catalogue/RULES.md").read_text() == render_rules()


def test_the_files_can_be_written_with_runbooks_of_ones_own(tmp_path: Path) -> None:
    arguments = ["rules", "--write", str(tmp_path), "--runbooks", "https://wiki.test/runbooks/"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert "runbook_url: https://wiki.test/runbooks/MonitorStale.md\n" in (tmp_path / "alerts.yml").read_text()
    assert (tmp_path / "recording.yml").read_text() == rule_files()["recording.yml"]


def test_each_series_is_recorded_once() -> None:
    rules = [(rule.record, *sorted(rule.labels.items())) for group in RECORDINGS.values() for rule in group]
    assert len(rules) == len(set(rules))


@pytest.mark.parametrize("record", sorted(RECORDED))
def test_recorded_series_are_named_by_level_measure_and_operation(record: str) -> None:
    assert re.fullmatch(r"(queue|team|centre)(_[a-z]+)*:(legacy|outcome|monitor)_[a-z_]+:[a-z0-9_]+", record)


def test_what_rules_refer_to_exists() -> None:
    expressions = [rule.expr for group in RECORDINGS.values() for rule in group] + [alert.expr for alert in ALERTS]
    assert {name for expr in expressions for name in names_in(expr) if not exists(name)} == set()
    assert {name for alert in ALERTS for name in names_in(alert.description) if not exists(name)} == set()


def test_every_total_is_of_use() -> None:
    used = {name for ratio in RATIOS for name in ratio.terms} | {total.fill for total in TOTALS.values()}
    texts = " ".join(rule.expr for group in list(RECORDINGS)[1:] for rule in RECORDINGS[group])
    assert {name for name in TOTALS if name not in used and f":{name}:total" not in texts} == set()


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert {path.stem for path in (ROOT / RUNBOOKS).iterdir()} == {alert.name for alert in ALERTS}


@pytest.mark.parametrize("alert", [alert.name for alert in ALERTS])
def test_a_runbook_says_what_an_alert_means_what_to_look_at_and_what_to_do(alert: str) -> None:
    text = (ROOT / RUNBOOKS / f"{alert}.md").read_text()
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert heads == [f"# {alert}", "## What it means", "## What to look at", "## What to do"]
    assert {name for name in names_in(text) if not exists(name)} == set()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_of_a_queue_says_which_queue_and_which_team_it_is_for(alert: Alert) -> None:
    assert alert.means.endswith(".")
    assert alert.description.endswith(".")
    if alert.scope == "queue":
        assert "group_left (team)" in alert.expr
        assert "$labels.queue" in alert.summary


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "streams/catalogue/RULES.md"])
def test_pages_name_no_metric_that_does_not_exist(page: str) -> None:
    any_level, any_span = re.compile(r"…(?=[_:])"), re.compile(r"_…")
    text = any_span.sub("_1d", any_level.sub("team", (ROOT / page).read_text()))
    assert {name for name in names_in(text) if not exists(name)} == set()
