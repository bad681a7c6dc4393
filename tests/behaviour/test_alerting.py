"""From a simulated incident to the team's webhook, with a real Prometheus and a real Alertmanager in between."""

import subprocess
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from streams.catalogue.rules import ALERTS
from streams.settings import load
from tests.prometheus import ROOT, alertmanager, wait_for
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
