"""From what happens at a contact centre on Kafka to the team that is told, and to every panel that can be looked at."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Final

import pytest

from streams.bootstrap import open_scratch_engine
from streams.domain import measures as m
from streams.domain.units import DAY, HOUR, SECOND
from streams.exporter.report import Report, Totals, report
from tests import estimates_by_hand
from tests.logs import before
from tests.unit.test_dashboards import queries
from tests.watched import Seen, watched

pytestmark = pytest.mark.timeout(900)  # what all tests here look at takes some minutes to come to be

QUEUES: Final = ("billing", "delivery", "technical")


@pytest.fixture(scope="module")
def seen(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    with watched(kafka, tmp_path_factory.mktemp("watched")) as found:
        yield found


@pytest.fixture(scope="module")
def told(seen: Seen) -> Report:
    """The report of the ledger as it is in the end."""
    return report(seen.ledger, seen.settings.policy())


# --- alerts ----------------------------------------------------------------------------------------------------------


def spikes(seen: Seen, status: str) -> set[tuple[str, ...]]:
    return {
        (path, labels["queue"], labels["reason"], labels["team"], labels["severity"])
        for path, labels in seen.hook.alerts(status)
        if labels["alertname"] == "FailureDemandSpike"
    }


TOLD: Final = {("/logistics/now", "delivery", "parcel_late", "logistics", "critical")}


def test_an_incident_is_told_to_the_team_whose_queue_causes_it_and_to_nobody_else(seen: Seen) -> None:
    assert spikes(seen, "firing") == TOLD
    shares = {labels["queue"] for _, labels in seen.hook.alerts("firing") if "Share" in labels["alertname"]}
    assert shares <= {"delivery"}


def test_the_alert_is_resolved_once_it_is_over(seen: Seen) -> None:
    assert spikes(seen, "resolved") == TOLD


def test_that_the_monitor_is_gone_is_told_to_those_who_run_it(seen: Seen) -> None:
    told = {path for path, labels in seen.hook.alerts("firing") if labels["alertname"] == "MonitorAbsent"}
    assert told == {"/platform/now"}


def test_what_is_told_leads_to_a_runbook(seen: Seen) -> None:
    assert seen.hook.posted
    for _, body in seen.hook.posted:
        for alert in body["alerts"]:
            assert alert["annotations"]["runbook_url"] == f"deploy/runbooks/{alert['labels']['alertname']}.md"


# --- panels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("span", ["1d", "7d", "28d"])
def test_every_panel_has_something_to_show_while_an_alert_fires(seen: Seen, span: str) -> None:
    times = (seen.spiking_at, seen.absent_at)
    empty = {panel: expr for panel, expr in queries(span) if not any(seen.server.query(expr, at) for at in times)}
    assert empty == {}


# --- numbers ---------------------------------------------------------------------------------------------------------


def numbers(told: Report) -> Iterator[tuple[str, float]]:
    """Yield what is asked of Prometheus, and what the ledger has of it."""
    for name in ("offered", "handled", "outbound"):
        yield f"centre:legacy_{name}:total", told["contacts"][name]
    yield "centre:legacy_abandoned:total + centre:legacy_short_abandoned:total", told["contacts"]["abandoned"]
    demand = told["demand"]
    yield "centre:outcome_value_demand:total", demand["value"]
    yield "centre:outcome_unclassified_demand:total", demand["unclassified"]
    for of in ("centre:outcome_failure_demand:total", "sum(queue:outcome_failure_demand_caused:total)"):
        yield of, sum(demand["failure"].values())
    for window, found in told["windows"].items():
        of = f'{{window="{window}"}}'
        yield f"centre_window:outcome_recurred:total{of}", found["recurred"]
        yield f"centre_window:outcome_exited:total{of}", found["exited"]
        failed = f"centre_window:outcome_matured_failed:total{of}"
        yield f"centre_window:outcome_ended_of_window:total{of} - {failed}", found["resolved"] + found["confirmed"]
        for claim, row in told["claims"][window].items():
            of = f'{{window="{window}", claim="{claim}"}}'
            yield f"centre_window_claim:outcome_claimed:total{of}", row["matured"]
            yield f"centre_window_claim:outcome_claimed_failed:total{of}", row["failed"]
    legacy = told["legacy"]
    for over, under, name in (
        ("legacy_handle_seconds", "legacy_handle_count", "average_handle_s"),
        ("legacy_queue_seconds", "legacy_queue_count", "average_queue_s"),
        ("legacy_handling_seconds", "legacy_staffed_seconds", "occupancy"),
        ("legacy_transferred", "legacy_handled", "transferred"),
        ("legacy_csat_satisfied", "legacy_csat", "csat"),
        ("legacy_surveys", "legacy_handled", "survey_response"),
    ):
        yield f"sum(team:{over}:total) / sum(team:{under}:total)", legacy[name]
    yield (
        "centre:legacy_sla_met:total / (centre:legacy_sla_met:total + centre:legacy_sla_missed:total)",
        (legacy["sla_met"]),
    )
    for row in told["queues"]:
        of = f'{{queue="{row["queue"]}"}}'
        answered = " + ".join(f"queue:legacy_{name}:total{of}" for name in ("answered", "abandoned", "short_abandoned"))
        yield f"queue:legacy_answered_in_threshold:total{of} / ({answered})", row["service_level"]
        yield f"queue:outcome_failure_demand:total{of} / queue:outcome_demand:total{of}", row["failure_demand"]
        ended = f"queue:outcome_ended:total{of}"
        yield f"{ended} / ({ended} + queue:outcome_unlinkable:total{of})", row["coverage"]
        yield f"queue:legacy_claimed_resolved:total{of} / queue:legacy_handled:total{of}", row["claimed_resolved"]


def test_what_prometheus_has_is_what_the_ledger_has(seen: Seen, told: Report) -> None:
    found = {expr: seen.value(expr) for expr, _ in numbers(told)}
    assert len(found) > 50
    assert found == pytest.approx(dict(numbers(told)), abs=1e-6)


def test_what_each_queue_caused_by_reason_is_what_the_ledgers_hours_add_up_to(seen: Seen) -> None:
    caused: dict[tuple[str, ...], int] = {}
    for (hour, name, labels), added, retracted in seen.ledger:
        if hour > 0 and name == m.CAUSED:
            caused[labels] = caused.get(labels, 0) + added - retracted
    found = {
        (series["metric"]["queue"], series["metric"]["reason"]): float(series["value"][1])
        for series in seen.ask("queue_reason:outcome_failure_demand_by_reason:total > 0")
    }
    assert found == {series: n for series, n in caused.items() if n}


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("window", ["1d", "7d"])
def test_estimates_are_those_that_the_ledgers_rows_and_the_definitions_give(
    seen: Seen, queue: str, window: str
) -> None:
    of = f'queue="{queue}", window="{window}"'
    period = seen.value(f'outcome_queue_live_period_seconds{{{of}, handled="true"}}') / 3600
    length = {"1d": 24, "7d": 168}[window]
    now = int(seen.value("monitor_watermark_timestamp_seconds") // 3600)
    expected = estimates_by_hand.all_of(estimates_by_hand.Queue(seen.ledger, queue), length, now, round(period))
    got = {name: seen.value(f"queue_window:{name}{{{of}}}") for name in expected}
    assert len(got) == 10
    assert got == pytest.approx(expected)


def test_a_days_figures_are_the_difference_to_a_replay_up_to_the_day_before(seen: Seen) -> None:
    at = round(seen.settled_at * SECOND - DAY) // HOUR * HOUR  # of history there is a sample an hour
    with closing(open_scratch_engine(":memory:", seen.settings.policy())) as engine:
        engine.ingest(list(before(seen.centre.history, at, seen.settings.policy())), at, {})
        engine.advance(at)
        was, now = Totals(engine.ledger.totals()), Totals(seen.ledger)
    handled, everything = (now.sum(name) - was.sum(name) for name in (m.HANDLED, m.DEMAND))
    failure = now.only(4, "failure").sum(m.DEMAND) - was.only(4, "failure").sum(m.DEMAND)
    expected: Mapping[str, float] = {
        "centre:legacy_handled:delta_1d": handled,
        "centre:outcome_failure_demand:delta_1d": failure,
        "centre:outcome_failure_demand:ratio_1d": failure / everything,
    }
    assert {name: seen.value(name) for name in expected} == pytest.approx(expected)
