"""A spike of failure demand becomes a nudge of the team that causes it: once, on any engine, with its evidence."""

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import time
from typing import Any

import pytest

from streams.contracts.encode import encode
from streams.domain import measures as m
from streams.domain.events import ActionTaken, DemandSpiked, NudgeAction
from streams.domain.ledger import SLOT
from streams.domain.policy import Policy
from streams.domain.spikes import Detection
from streams.domain.units import DAY, HOUR, MINUTE, Millis
from streams.engines.embedded import EmbeddedEngine
from streams.exporter.report import Totals
from streams.exporter.spotter import Spotter
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.plan import Incident, Returns
from streams.sources.simulator.presets import demo_plan, late_parcels
from streams.sources.simulator.profile import flat
from tests.centres import Run, until
from tests.engines import Game, Play

pytestmark = pytest.mark.timeout(900)  # the weeks that a spike is held against are played once for several tests

START = 1_767_571_200_000  # a Monday
INCIDENT = START + 15 * DAY + 8 * HOUR
POLICY = Policy(queue_team={"delivery": "logistics"})


def spike(number: int, at: Millis) -> bytes:
    return encode(
        DemandSpiked(f"spike-{number}", at, "test", "delivery", "parcel_late", at - 20 * MINUTE, 30 + number, 12.5)
    )


def answer(number: int, at: Millis, action: NudgeAction, nudge_id: str) -> bytes:
    return encode(ActionTaken(f"answer-{number}", at, "test", nudge_id, "lead", action, "sent trucks"))


def test_a_spike_is_told_once_while_it_is_open_and_can_be_acted_on(play: Play) -> None:
    first = f"spike:delivery/parcel_late#{START // SLOT}"
    log = [
        spike(1, START),
        spike(1, START),
        spike(2, START + 10 * MINUTE),
        answer(1, START + 12 * MINUTE, "acted", first),
        answer(1, START + 12 * MINUTE, "acted", first),
        answer(2, START + 13 * MINUTE, "acted", "spike:delivery/other#1"),
        spike(3, START + 20 * MINUTE),
    ]
    [played] = play([Game(log, POLICY, START + HOUR, live=True)])
    nudges = sorted(map(json.loads, played.nudges), key=lambda nudge: nudge["occurred_at"])
    assert [(nudge["nudge_id"], nudge["contacts"]) for nudge in nudges] == [
        (first, 31),
        (first, 32),
        (f"spike:delivery/parcel_late#{(START + 20 * MINUTE) // SLOT}", 33),
    ]
    assert [nudges[0][name] for name in ("kind", "queue", "team", "reason", "expected", "expected_contacts")] == [
        *("spike", "delivery", "logistics", "parcel_late", "remove_cause", 12.5)
    ]
    assert nudges[0]["started_at"] == "2026-01-04T23:40:00Z"
    totals = Totals(played.entries)
    assert totals.by(m.NUDGES, 0, 1, 3, 4) == {
        ("delivery", "logistics", "spike", "issued"): 2,
        ("delivery", "logistics", "spike", "grouped"): 1,
    }
    assert totals.by(m.NUDGES_ANSWERED, 3, 4) == {("spike", "acted"): 1}
    assert [reason for reason, _ in played.dead] == ["unknown_nudge"]
    [said] = [json.loads(outcome) for outcome in played.outcomes]
    assert (said["type"], said["nudge_id"], said["actor"]) == ("nudge.answered", first, "lead")


@pytest.fixture(scope="module")
def told() -> Sequence[dict[str, Any]]:
    """The nudges of spikes in a centre where parcels begin to be late, looked for as a monitor does that runs on."""
    nudges: list[dict[str, Any]] = []
    plan = demo_plan(late_parcels(INCIDENT))
    with closing(EmbeddedEngine(":memory:", POLICY)) as engine:
        spotters = [Spotter(engine.ledger, Detection(false_alarms=0.25), "test") for _ in range(2)]
        until, batch = INCIDENT - DAY, list[bytes]()
        for simulated in simulate(plan, 7, START, until=INCIDENT + 2 * DAY):
            if simulated.logged_at >= until:
                engine.ingest(batch, until, {})
                spotter = spotters[until >= INCIDENT + DAY]  # a day after it has begun, the monitor is restarted
                assert spotter.look(until + 2 * HOUR) == [], "what is told late is told to nobody"
                found = [encode(spiked) for spiked in spotter.look(until)] if until > INCIDENT - 6 * HOUR else []
                engine.ingest(found, until, {})
                batch, until = [], until + 10 * MINUTE
            batch.append(simulated.raw)
        nudges += [json.loads(record) for _, record in engine.nudges()]
        assert not Totals(engine.ledger.totals()).sum(m.LATE, lambda labels: labels == ("demand.spiked",))
    return [nudge for nudge in nudges if nudge["kind"] == "spike"]


def test_the_incident_is_told_to_the_team_that_causes_it_and_no_other(told: Sequence[dict[str, Any]]) -> None:
    assert Counter((nudge["queue"], nudge["team"], nudge["reason"]) for nudge in told).keys() == {
        ("delivery", "logistics", "parcel_late")
    }


def test_a_spike_that_lasts_is_not_told_again_and_again(told: Sequence[dict[str, Any]]) -> None:
    assert 1 <= len(told) <= 3  # it may end and begin again in two days


def test_it_is_told_on_the_day_that_it_begins_with_more_contacts_than_are_usual(told: Sequence[dict[str, Any]]) -> None:
    assert "2026-01-20T08" <= told[0]["occurred_at"] <= "2026-01-20T24"
    assert told[0]["contacts"] > 1.5 * told[0]["expected_contacts"]
    assert told[0]["started_at"] < told[0]["occurred_at"]


def test_a_monitor_that_runs_sees_a_spike_and_nudges_the_team_that_causes_it(run_centre: Run, tmp_path: Path) -> None:
    now = round(time() * 1000)
    demo = demo_plan()
    delivery = next(queue for queue in demo.queues if queue.name == "delivery")
    plan = replace(
        demo,
        queues=(replace(delivery, per_hour=14, profile=flat()),),
        # For so long that it is seen whenever this runs: after five hours, chance would have some not seen.
        incidents=(Incident(now - 10 * HOUR, None, "delivery", "parcel_late", 0.95),),
        returns=Returns(mean=HOUR),
        tick=None,
    )
    history = tmp_path / "history.jsonl"
    with history.open("wb") as file:
        file.writelines(one.raw + b"\n" for one in simulate(plan, 7, now - 15 * DAY, until=now))
    with run_centre(tmp_path, {"queues": {"delivery": {"team": "logistics"}}}, "--from", str(history)) as centre:
        until(lambda: 'fate="issued",nudge="spike",queue="delivery",team="logistics"' in centre.metrics())
