"""The rules as files of Prometheus."""

from collections.abc import Mapping
from typing import Any, Final

import yaml

from streams.catalogue.rules import ALERTS, RECORDINGS, Alert, Recording

RUNBOOKS: Final = "deploy/runbooks"
"""Where runbooks are, unless somebody says otherwise."""

_HEAD: Final = "# Rendered from the catalogue by `make rules`.\n"
_INTERVAL: Final = "1m"


def rule_files(runbooks: str = RUNBOOKS) -> Mapping[str, str]:
    """Return the rule files by name. ``runbooks`` is where those who are alerted find ``<alert>.md``."""
    recording = [
        {"name": f"outcome-monitor-{name}", "interval": _INTERVAL, "rules": [_recording(rule) for rule in rules]}
        for name, rules in RECORDINGS.items()
    ]
    alerts = [
        {
            "name": f"outcome-monitor-{scope}-alerts",
            "rules": [_alert(alert, runbooks) for alert in ALERTS if alert.scope == scope],
        }
        for scope in ("queue", "monitor")
    ]
    return {"recording.yml": _dump(recording), "alerts.yml": _dump(alerts)}


def _recording(rule: Recording) -> dict[str, Any]:
    labels = {"labels": dict(rule.labels)} if rule.labels else {}
    return {"record": rule.record, "expr": rule.expr, **labels}


def _alert(alert: Alert, runbooks: str) -> dict[str, Any]:
    times = {"for": alert.wait, "keep_firing_for": alert.keep}
    return {
        "alert": alert.name,
        "expr": alert.expr,
        **{key: time for key, time in times.items() if time},
        "labels": {"severity": alert.severity, "scope": alert.scope, **alert.labels},
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": f"{runbooks.rstrip('/')}/{alert.name}.md",
        },
    }


def _dump(groups: list[dict[str, Any]]) -> str:
    text: str = yaml.dump({"groups": groups}, Dumper=_Dumper, sort_keys=False, width=10_000, allow_unicode=True)
    return _HEAD + text


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are read."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
