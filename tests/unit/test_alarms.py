"""Nudges of spikes: whose they are, for how long they are open, and what is not told in quiet hours."""

import json
from contextlib import closing
from itertools import count

import pytest

from streams.contracts.encode import encode
from streams.domain import measures as m
from streams.domain.events import ActionTaken, DemandSpiked
from streams.domain.policy import Nudging, Policy, QuietHours
from streams.domain.units import HOUR, MINUTE, Millis
from streams.engines.embedded import EmbeddedEngine
from streams.exporter.report import Totals
from tests.journeys import START

IDS = count()


def spike(at: Millis, queue: str = "delivery", reason: str = "late") -> bytes:
    return encode(DemandSpiked(f"spike-{next(IDS)}", at, "test", queue, reason, at - 20 * MINUTE, 30, 12.5))


def told(engine: EmbeddedEngine, at: Millis, *records: bytes) -> list[tuple[str, str]]:
    """Take what comes at a time; return when whatever was told by then was, and under which nudge."""
    engine.ingest(records, at, {})
    engine.advance(at + MINUTE)
    nudges = [json.loads(record) for _, record in engine.nudges()]
    return [(nudge["occurred_at"][11:16], nudge["nudge_id"]) for nudge in nudges]


def test_what_is_open_is_not_told_again_in_quiet_hours_nor_prolonged_by_what_comes_in_them() -> None:
    policy = Policy(nudging=Nudging(quiet=QuietHours(60, 120)))
    with closing(EmbeddedEngine(":memory:", policy)) as engine:
        for minutes in (50, 70, 90, 110, 121):
            nudges = told(engine, START + minutes * MINUTE, spike(START + minutes * MINUTE))
        assert [at for at, _ in nudges] == ["00:50", "02:01"]
        assert len(set(nudges)) == 2, "the first was over by the end of quiet hours"
        assert Totals(engine.ledger.totals()).by(m.NUDGES, 4) == {("issued",): 2, ("quiet",): 3}


def test_what_was_told_before_quiet_hours_can_be_answered_after_a_spike_in_them() -> None:
    policy = Policy(nudging=Nudging(quiet=QuietHours(60, 120)))
    with closing(EmbeddedEngine(":memory:", policy)) as engine:
        [(_, nudge_id)] = told(engine, START + 50 * MINUTE, spike(START + 50 * MINUTE))
        told(engine, START + 70 * MINUTE, spike(START + 70 * MINUTE))
        answer = ActionTaken("answer", START + 75 * MINUTE, "test", nudge_id, "lead", "acted")
        told(engine, START + 75 * MINUTE, encode(answer))
        assert list(engine.dead_letters()) == []
        assert Totals(engine.ledger.totals()).by(m.NUDGES_ANSWERED, 4) == {("acted",): 1}


def test_a_spike_that_comes_late_does_not_shorten_what_is_open() -> None:
    with closing(EmbeddedEngine(":memory:", Policy())) as engine:
        told(engine, START, spike(START))
        told(engine, START + MINUTE, spike(START - 10 * MINUTE))
        nudges = told(engine, START + 25 * MINUTE, spike(START + 25 * MINUTE))
        assert len({nudge_id for _, nudge_id in nudges}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("billing", "cards/refund"), ("billing/cards", "refund")),
        (("billing/", "refund"), ("billing", "/refund")),
        (("billing/cards", "refund"), ("billing~1cards", "refund")),
        (("billing~/cards", "refund"), ("billing~0", "1cards/refund")),
        (("billing", "refund#1"), ("billing", "refund")),
    ],
)
def test_spikes_whose_names_look_alike_are_told_and_answered_each_by_itself(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    policy = Policy(queue_team={one[0]: "blue", other[0]: "red"})
    with closing(EmbeddedEngine(":memory:", policy)) as engine:
        nudges = told(engine, START, spike(START, *one), spike(START + 1, *other))
        assert len(set(nudges)) == 2
        teams = {json.loads(record)["team"] for _, record in engine.nudges()}
        assert teams == set(policy.queue_team.values())
        for number, (_, nudge_id) in enumerate(nudges):
            answer = ActionTaken(f"answer-{number}", START + HOUR, "test", nudge_id, "lead", "acted")
            told(engine, START + HOUR, encode(answer))
        assert list(engine.dead_letters()) == []
        assert Totals(engine.ledger.totals()).sum(m.NUDGES_ANSWERED) == 2


def test_the_nudge_of_the_longest_names_can_be_answered() -> None:
    with closing(EmbeddedEngine(":memory:", Policy())) as engine:
        [(_, nudge_id)] = told(engine, START, spike(START, "/" * 200, "é" * 200))
        told(engine, START + HOUR, encode(ActionTaken("answer", START + HOUR, "test", nudge_id, "lead", "acted")))
        assert list(engine.dead_letters()) == []
