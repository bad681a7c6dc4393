"""The rules in Prometheus's own hands: each alert where it should fire, and where it should not."""

import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse

from streams.catalogue.monitor import WATERMARK
from streams.catalogue.rules import ALERTS
from streams.domain import measures as m
from streams.domain.ledger import SLOT, hour_of, slot_of
from streams.domain.policy import Policy
from streams.domain.spikes import Detection, Tally
from streams.domain.units import DAY, HOUR, MINUTE, SECOND, Millis
from streams.exporter.collector import Exporter
from streams.exporter.context import Context
from tests.detection_streams import MONDAY, SEASONAL, Arrivals, opening
from tests.memory_ledger import MemoryLedger
from tests.tools import tool

ROOT: Final = Path(__file__).parents[2]
RULES: Final = sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
CASES: Final = sorted((ROOT / "tests/rules").glob("*.yml"))
SPIKES: Final = {"FailureDemandSpike", "FailureDemandShareSpike"}
QUEUES: Final = ("billing", "delivery")
DAYS: Final = 60
TODAY: Final = 57
"""A Tuesday, after eight weeks of history."""

Alerts = list[dict[str, str]]
Series = dict[str, list[float | None]]
Change = Callable[[Tally, Tally], None]


@pytest.fixture(scope="module")
def promtool() -> str:
    return tool("promtool", package="prometheus")


def run(promtool: str, *arguments: str | Path) -> None:
    done = subprocess.run([promtool, *map(str, arguments)], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_such_that_prometheus_takes_them(promtool: str) -> None:
    run(promtool, "check", "rules", *RULES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_rules_tell_and_alerts_fire_as_they_should(promtool: str, case: Path) -> None:
    run(promtool, "test", "rules", case)


@pytest.mark.parametrize("alert", [alert.name for alert in ALERTS])
def test_each_alert_is_shown_firing_and_not_firing(alert: str) -> None:
    shown = {
        bool(test["exp_alerts"])
        for case in CASES
        for one in yaml.safe_load(case.read_text())["tests"]
        for test in one.get("alert_rule_test", ())
        if test["alertname"] == alert
    }
    assert alert in SPIKES or shown == {True, False}


# --- spikes: from arrivals through the ledger and the exporter to the alert ------------------------------------------


class Day:
    """A day of two queues after eight weeks of history, scraped every five minutes from midnight on."""

    def __init__(self, change: Change | None = None) -> None:
        self.tallies = {}
        for seed, queue in enumerate(QUEUES):
            arrivals = Arrivals(seed, DAYS, by_hour_of_week=SEASONAL).draw()
            if queue == "billing" and change is not None:
                change(*arrivals)
            self.tallies[queue] = arrivals

    def scraped(self, hours: int = 24) -> Series:
        """Return what Prometheus gets, by series."""
        series: Series = {}
        ledger = MemoryLedger()
        for queue in QUEUES:
            ledger.additions.count(m.OFFERED, (queue, f"{queue} team", "voice"), 1_000)
        exporter = Exporter(ledger, Policy().windows, b"salt", "1", Context(Detection(false_alarms=1)))
        start, scrapes = MONDAY + TODAY * DAY, range(hours * HOUR // SLOT)
        self._count(ledger, MONDAY, start)
        for n in scrapes:
            now = start + n * SLOT
            self._count(ledger, now - SLOT if n else now, now)
            ledger.gauges[WATERMARK] = now / SECOND
            for name, value in _interesting(exporter.exposition()[0].decode()):
                series.setdefault(name, [None] * n).append(value)
        return series

    def _count(self, ledger: MemoryLedger, since: Millis, before: Millis) -> None:
        add = ledger.additions.count
        for queue, (failures, everything) in self.tallies.items():
            for slot in range(since // SLOT, before // SLOT):
                failed, others = failures.slots[slot], everything.slots[slot] - failures.slots[slot]
                is_recent = slot * SLOT >= MONDAY + (TODAY - 2) * DAY
                for period in (hour_of(slot * SLOT), slot_of(slot * SLOT))[: 1 + is_recent]:
                    add(m.CAUSED, (queue, "refund"), failed, period)
                    add(m.ARRIVED, (queue, "failure"), failed, period)
                    add(m.ARRIVED, (queue, "other"), others, period)


def _interesting(text: str) -> Iterable[tuple[str, float]]:
    for family in parse(text):
        if family.name.startswith(("outcome_failure_demand_", "outcome_failure_share_", "monitor_")):
            for sample in family.samples:
                labels = ", ".join(f'{name}="{value}"' for name, value in sample.labels.items())
                yield f"{sample.name}{{{labels}}}", sample.value


def check(promtool: str, folder: Path, series: Series, expected: Mapping[tuple[int, str], Alerts]) -> None:
    """Have promtool evaluate the rules over series, and compare the alerts at each (minute of the day, alert)."""
    case: dict[str, Any] = {
        "rule_files": [str(path) for path in RULES],
        "group_eval_order": [group["name"] for path in reversed(RULES) for group in _groups(path)],
        "evaluation_interval": "5m",
        "tests": [
            {
                "interval": "5m",
                "input_series": [
                    {"series": name, "values": " ".join("_" if value is None else f"{value!r}" for value in values)}
                    for name, values in series.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": f'ALERTS{{alertname="{alert}", alertstate="firing"}}',
                        "eval_time": f"{minute}m",
                        "exp_samples": [{"labels": _labels(alert, labels), "value": 1} for labels in alerts],
                    }
                    for (minute, alert), alerts in expected.items()
                ],
            }
        ],
    }
    path = folder / "case.yml"
    path.write_text(yaml.safe_dump(case))
    run(promtool, "test", "rules", path)


def _labels(alert: str, labels: Mapping[str, str]) -> str:
    told = {"__name__": "ALERTS", "alertname": alert, "alertstate": "firing", **labels}
    return f"{{{', '.join(f'{name}={value!r}' for name, value in told.items())}}}".replace("'", '"')


def _groups(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text())["groups"]
    return found


REFUNDS: Final = {
    "severity": "critical",
    "scope": "queue",
    "queue": "billing",
    "team": "billing team",
    "reason": "refund",
}
NOTHING: Final[Alerts] = []


def rise(since: int, until: int, factor: int) -> Change:
    """Have so many times the failure demand for some minutes of the day."""

    def change(failures: Tally, everything: Tally) -> None:
        for slot in range(opening(TODAY, since) // SLOT, opening(TODAY, until) // SLOT):
            more = failures.slots[slot] * (factor - 1)
            for tally in (failures, everything):
                tally.slots[slot] += more
                tally.hours[slot * SLOT // HOUR] += more

    return change


def minute_of(since_opening: int) -> int:
    return (opening(TODAY, since_opening) - MONDAY - TODAY * DAY) // MINUTE


def test_a_quiet_night_and_a_peak_that_comes_each_week_wake_nobody(promtool: str, tmp_path: Path) -> None:
    minutes = range(0, 24 * 60, 30)
    check(promtool, tmp_path, Day().scraped(), {(at, alert): NOTHING for at in minutes for alert in SPIKES})


def test_a_burst_that_is_over_at_once_wakes_nobody(promtool: str, tmp_path: Path) -> None:
    burst = rise(240, 250, 4)
    minutes = range(minute_of(240), minute_of(360), 5)
    check(promtool, tmp_path, Day(burst).scraped(14), {(at, "FailureDemandSpike"): NOTHING for at in minutes})


def test_a_spike_is_told_to_the_team_whose_queue_causes_it_and_ends(promtool: str, tmp_path: Path) -> None:
    check(
        promtool,
        tmp_path,
        Day(rise(120, 300, 3)).scraped(),
        {
            (minute_of(110), "FailureDemandSpike"): NOTHING,
            (minute_of(240), "FailureDemandSpike"): [REFUNDS],
            (minute_of(300), "FailureDemandSpike"): [REFUNDS],
            (minute_of(600), "FailureDemandSpike"): NOTHING,
            (minute_of(300), "FailureDemandShareSpike"): [
                {"severity": "warning", "scope": "queue", "queue": "billing", "team": "billing team"}
            ],
            (minute_of(600), "FailureDemandShareSpike"): NOTHING,
        },
    )


def test_a_restart_of_the_exporter_neither_ends_an_alert_nor_begins_one(promtool: str, tmp_path: Path) -> None:
    series = Day(rise(120, 300, 3)).scraped(16)
    for values in series.values():
        for minute in (minute_of(60), minute_of(240), minute_of(245)):
            values[minute // 5] = None
    check(
        promtool,
        tmp_path,
        series,
        {
            (minute_of(65), "FailureDemandSpike"): NOTHING,
            (minute_of(240), "FailureDemandSpike"): [REFUNDS],
            (minute_of(245), "FailureDemandSpike"): [REFUNDS],
            (minute_of(250), "FailureDemandSpike"): [REFUNDS],
        },
    )


def test_without_data_an_alert_of_a_queue_ends_and_the_monitor_is_told_of(promtool: str, tmp_path: Path) -> None:
    series = Day(rise(120, 300, 3)).scraped(16)
    for values in series.values():
        values[minute_of(250) // 5 :] = [None] * (len(values) - minute_of(250) // 5)
    check(
        promtool,
        tmp_path,
        series,
        {
            (minute_of(245), "FailureDemandSpike"): [REFUNDS],
            (minute_of(280), "FailureDemandSpike"): NOTHING,
            (minute_of(280), "MonitorAbsent"): [{"severity": "critical", "scope": "monitor"}],
        },
    )
