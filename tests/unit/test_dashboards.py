"""The dashboards: up to date, each panel with a question, and about nothing that does not exist."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from deploy.grafana.render import DASHBOARDS, dashboards
from streams.catalogue import CATALOGUE
from streams.catalogue.rules import ALERTS, RECORDINGS
from streams.catalogue.rules.ratios import SPANS
from streams.catalogue.unused import UNUSED
from tests.metric_names import exists, names_in
from tests.tools import tool

RENDERED: Final = dashboards()
PAGES: Final = {name: json.loads(body) for name, body in RENDERED.items() if "/" not in name}


def panels(page: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in page["panels"]:
        if panel["type"] != "row":
            yield panel
        yield from panels(panel) if "panels" in panel else ()


def queries(span: str = "1d") -> Iterator[tuple[str, str]]:
    """Yield every query with the panel that it belongs to, as Grafana would send it."""
    for name, page in PAGES.items():
        for panel in panels(page):
            for target in panel["targets"]:
                expr = target["expr"].replace("$span", span).replace("$window", "7d").replace("$queue", "technical")
                yield f"{name}: {panel['title']}: {target['refId']}", expr


def test_the_committed_dashboards_are_what_is_rendered() -> None:
    committed = {str(path.relative_to(DASHBOARDS)): path.read_text() for path in DASHBOARDS.rglob("*.json")}
    assert committed == RENDERED


def test_dashboards_are_found_by_uids_of_their_own() -> None:
    uids = [json.loads(body)["uid"] for body in RENDERED.values()]
    assert len(set(uids)) == len(uids)
    assert max(map(len, uids)) <= 40  # Grafana takes no longer ones
    assert {f"runbook-{alert.name}" for alert in ALERTS} < set(uids)


@pytest.mark.parametrize("name", PAGES)
def test_each_panel_says_which_question_it_answers(name: str) -> None:
    for panel in panels(PAGES[name]):
        assert "?" in panel["description"], panel["title"]
        assert panel["datasource"]["uid"] == "prometheus"
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_what_panels_ask_for_exists() -> None:
    asked = {name for span in SPANS for _, expr in queries(span) for name in names_in(expr)}
    assert {name for name in asked if not exists(name)} == set()


def test_links_lead_to_dashboards_that_there_are() -> None:
    uids = {json.loads(body)["uid"] for body in RENDERED.values()}
    text = "".join(RENDERED.values())
    assert "/d/outcome-queue?" in text
    assert "/d/runbook-${__data.fields.alertname}" in text
    assert "outcome-queue" in uids


def test_queues_and_teams_lead_to_their_live_board() -> None:
    rendered = dashboards("https://board.example")
    addresses = set(re.findall(r'"(\$\{board:raw\}[^"]*)"', "".join(rendered.values())))
    assert addresses == {
        "${board:raw}/?queue=${__data.fields.queue}",
        "${board:raw}/?queue=${__field.labels.queue}",
        "${board:raw}/?queue=${queue}",
        "${board:raw}/?team=${__data.fields.team}",
    }
    for name in PAGES:
        variables = json.loads(rendered[name])["templating"]["list"]
        assert [one["query"] for one in variables if one["name"] == "board"] == ["https://board.example"]


def test_prometheus_understands_every_query(tmp_path: Path) -> None:
    promtool = tool("promtool", package="prometheus")
    rules = [{"record": f"query:{n}", "expr": expr} for n, (_, expr) in enumerate(queries())]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", str(path)], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


def test_each_metric_is_used_by_a_rule_or_a_panel_or_says_why_not() -> None:
    expressions = [rule.expr for group in RECORDINGS.values() for rule in group]
    expressions += [alert.expr for alert in ALERTS] + [expr for _, expr in queries()]
    used = {name for expr in expressions for name in names_in(expr)}
    bases = {name.removesuffix(part) for name in used for part in ("", "_bucket", "_sum", "_count")}
    unused = {name for name, metric in CATALOGUE.items() if not bases & {*metric.exposed_names}}
    assert unused == set(UNUSED)
    assert all(reason for reason in UNUSED.values())
