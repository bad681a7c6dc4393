"""From a simulated incident to the team's webhook, with a real Prometheus and a real Alertmanager in between."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, Final

import httpx
import pytest
import yaml

from streams.bootstrap import make_exporter, open_scratch_engine, wall_clock
from streams.catalogue.rules import ALERTS
from streams.catalogue.rules.files import rule_files
from streams.cli.demo_feed import Feed, Script
from streams.cli.demo_figures import Figures, Reading
from streams.cli.demo_readings import Readings
from streams.cli.serving import Serving, listen, serving
from streams.domain.units import HOUR
from streams.exporter.http import create_app
from streams.settings import load
from streams.sources.simulator.plan import Returns
from tests.prometheus import ROOT, Prometheus, Server, alertmanager, prometheus, wait_for, webhook
from tests.tools import tool

CONFIG: Final = ROOT / "deploy/alertmanager/alertmanager.yml"
TEAMS: Final = ("payments", "logistics", "engineers", "welcome")
SPEED: Final = 3_600
"""Simulated seconds in a second: a minute that rules and routes wait is so much less, too."""


@pytest.fixture(scope="module")
def amtool() -> str:
    return tool("amtool", package="prometheus-alertmanager")


def routed(amtool: str, **labels: str) -> str:
    told = [f"{name}={value}" for name, value in labels.items()]
    command = [amtool, "config", "routes", "test", "--config.file", str(CONFIG), *told]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


def test_alertmanager_takes_the_example(amtool: str) -> None:
    subprocess.run([amtool, "check-config", str(CONFIG)], capture_output=True, check=True)  # noqa: S603


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_each_alert_is_routed_by_its_team_and_severity(amtool: str, alert: Any) -> None:  # noqa: ANN401
    now = "-now" if alert.severity == "critical" else ""
    labels = {"alertname": alert.name, "severity": alert.severity, "scope": alert.scope}
    if alert.scope == "monitor":
        assert routed(amtool, **labels) == f"platform{now}"
        return
    for team in TEAMS:
        assert routed(amtool, **labels, team=team, queue="any") == f"{team}{now}"
    assert routed(amtool, **labels, team="another", queue="any") == "operations"


def test_each_team_of_the_example_settings_has_a_receiver() -> None:
    assert load(ROOT / "config", {}).monitor.teams == TEAMS


@contextmanager
def incident(folder: Path) -> Iterator[tuple[Serving, Feed]]:
    """Serve the metrics of a simulated centre: after two weeks, late parcels have customers come back for six hours."""
    settings = load(ROOT / "config", {})
    written = Script.written(wall_clock(), weeks=2)
    late = replace(written.incident, end=written.incident.start + 6 * HOUR, failure_rate=0.95)
    busy = tuple(replace(queue, per_hour=queue.per_hour * 1.5) for queue in written.plan.queues)
    plan = replace(written.plan, queues=busy, incidents=(late,), returns=Returns(mean=3 * HOUR))
    script = replace(written, incident=late, plan=plan)
    with ExitStack() as stack:
        listening = listen("127.0.0.1", 0)
        stack.callback(listening.close)
        engine = stack.enter_context(closing(open_scratch_engine(str(folder / "demo.db"), settings.policy())))
        server = stack.enter_context(serving(create_app(make_exporter(settings, engine.ledger)), listening))
        figures = Figures(engine.ledger, settings.policy(), late, script.begins)
        feed = Feed(engine, script, 1, SPEED, Readings(figures, Reading(script.begins)), Event())
        thread = feed.start()
        try:
            yield server, feed
        finally:
            feed.stop.set()
            thread.join()


def quickly(text: str) -> str:
    """Return rules or routes in which a minute is a second and an hour a minute."""
    shorter = {"m": "s", "h": "m", "s": "ms"}
    return re.sub(
        r"((?:for|keep_firing_for|group_wait|group_interval|repeat_interval): )(\d+)([smh])\b",
        lambda found: f"{found[1]}{found[2]}{shorter[found[3]]}",
        text,
    )


@contextmanager
def alerting(folder: Path, target: str, webhook_url: str) -> Iterator[tuple[Prometheus, Server]]:
    """Run Prometheus and Alertmanager with the rules and routes that we ship, but for their patience."""
    rules = {name: folder / name for name in rule_files()}
    for name, body in rule_files().items():
        rules[name].write_text(quickly(body).replace("interval: 1m", "interval: 1s"))
    routes = quickly(CONFIG.read_text()).replace("http://127.0.0.1:9095", webhook_url)
    with alertmanager(folder, yaml.safe_load(routes)) as manager:
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(path) for path in rules.values()],
            "scrape_configs": [{"job_name": "outcome-monitor", "static_configs": [{"targets": [target]}]}],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [manager.url.removeprefix("http://")]}]}]},
        }
        with prometheus(folder, config) as server:
            yield server, manager


def test_an_incident_is_told_to_the_team_whose_queue_causes_it_and_to_nobody_else_and_ends(tmp_path: Path) -> None:
    with incident(tmp_path) as (site, feed), webhook() as hook:
        target = site.url.removeprefix("http://")
        with alerting(tmp_path, target, hook.url) as (server, _):

            def spikes(status: str) -> set[tuple[str, ...]]:
                assert feed.error is None
                return {
                    (path, labels["queue"], labels["reason"], labels["team"], labels["severity"])
                    for path, labels in hook.alerts(status)
                    if labels["alertname"] == "FailureDemandSpike"
                }

            told = {("/logistics/now", "delivery", "parcel_late", "logistics", "critical")}
            assert wait_for(lambda: spikes("firing"), 120, lambda: str(server.query("ALERTS"))) == told
            excess = server.query('queue_team:monitor_queue:info{queue="delivery"}')
            assert [series["metric"]["team"] for series in excess] == ["logistics"]
            assert wait_for(lambda: spikes("resolved"), 120, lambda: str(server.query("ALERTS"))) == told
            assert spikes("firing") == told
            for _, body in hook.posted:
                for alert in body["alerts"]:
                    assert alert["annotations"]["runbook_url"] == f"deploy/runbooks/{alert['labels']['alertname']}.md"


def test_alerts_of_queues_are_held_back_while_the_monitor_is_behind_and_no_others(tmp_path: Path) -> None:
    routes = yaml.safe_load(CONFIG.read_text())
    for receiver in routes["receivers"]:
        receiver.pop("webhook_configs")
    with alertmanager(tmp_path, routes) as manager:

        def held_back() -> dict[str, bool]:
            found = manager.get("/api/v2/alerts")
            return {alert["labels"]["alertname"]: bool(alert["status"]["inhibitedBy"]) for alert in found}

        def raised(*alerts: dict[str, str]) -> None:
            body = [{"labels": labels} for labels in alerts]
            httpx.post(f"{manager.url}/api/v2/alerts", json=body, trust_env=False).raise_for_status()

        spike = {"alertname": "FailureDemandSpike", "scope": "queue", "queue": "billing", "severity": "critical"}
        letters = {"alertname": "DeadLettersRising", "scope": "monitor", "severity": "warning"}
        raised(spike, letters)
        wait_for(lambda: held_back() == {"FailureDemandSpike": False, "DeadLettersRising": False}, 30)
        raised({"alertname": "MonitorStale", "scope": "monitor", "severity": "critical"})
        expected = {"FailureDemandSpike": True, "DeadLettersRising": False, "MonitorStale": False}
        wait_for(lambda: held_back() == expected, 30, lambda: str(held_back()))
