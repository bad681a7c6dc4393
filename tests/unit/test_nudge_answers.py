"""What answers to nudges count, whenever they come, and whatever became of what was nudged for."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from streams.contracts.encode import encode
from streams.domain import measures as m
from streams.domain.events import ActionTaken, DemandSpiked
from streams.domain.policy import Policy
from streams.domain.units import DAY, HOUR, MINUTE, SECOND
from streams.engines.embedded import EmbeddedEngine
from streams.exporter.report import Totals
from tests.calls import acted, ended, identified, offered, play, settled
from tests.journeys import START, wire


def answers(engine: EmbeddedEngine) -> list[str]:
    """Return the nudges whose answers were put on record, in their order."""
    told = [json.loads(record) for _, record in engine.outcomes()]
    return [outcome["nudge_id"] for outcome in told if outcome["type"] == "nudge.answered"]


def refusals(engine: EmbeddedEngine) -> list[str]:
    return [letter.reason for letter in engine.dead_letters()]


def test_an_answer_that_came_too_early_can_be_redriven() -> None:
    early = acted("repeat:b", START + 90 * SECOND)
    events = [offered("a", "anna", START), offered("b", "ben", START + MINUTE), early]
    with closing(EmbeddedEngine(":memory:", Policy())) as engine:
        play(engine, [*events, identified("b", "anna", START + 2 * MINUTE)], START + 10 * MINUTE)
        assert (answers(engine), refusals(engine)) == ([], ["unknown_nudge"])
        engine.ingest([wire(early)], START + 11 * MINUTE, {})
        assert answers(engine) == ["repeat:b"]
        assert Totals(engine.ledger.totals()).by(m.NUDGES_ANSWERED, 3, 4) == {("repeat", "acted"): 1}


def test_an_answer_that_is_redriven_too_early_is_refused_again() -> None:
    early = acted("repeat:b", START + 90 * SECOND)
    with closing(EmbeddedEngine(":memory:", Policy())) as engine:
        play(engine, [offered("a", "anna", START), offered("b", "ben", START + MINUTE), early], START + 10 * MINUTE)
        engine.ingest([wire(early)], START + 11 * MINUTE, {})
        assert (answers(engine), refusals(engine)) == ([], ["unknown_nudge"] * 2)


def test_an_answer_that_comes_again_days_later_counts_once() -> None:
    answer = acted("repeat:b", START + 90 * SECOND)
    events = [offered("a", "anna", START), offered("b", "anna", START + MINUTE), answer, ended("b", START + HOUR)]
    with closing(EmbeddedEngine(":memory:", Policy())) as engine:
        play(engine, events, START + 2 * DAY)
        engine.ingest([wire(answer)], START + 2 * DAY, {})
        totals = Totals(engine.ledger.totals())
        assert (answers(engine), refusals(engine)) == (["repeat:b"], [])
        assert totals.by(m.NUDGES_ANSWERED, 3, 4) == {("repeat", "acted"): 1}
        assert totals.by(m.DUPLICATES, 0) == {("action.taken",): 1}


def test_what_was_told_under_the_nudge_of_a_contact_that_moved_away_is_told_anew_and_can_be_answered() -> None:
    events = [
        offered("a", "anna", START),
        offered("b", "anna", START + MINUTE),
        offered("c", "anna", START + 2 * MINUTE),
        identified("b", "ben", START + 3 * MINUTE),
        acted("repeat:c", START + 4 * MINUTE),
        ended("c", START + 5 * MINUTE),
    ]
    with closing(EmbeddedEngine(":memory:", Policy())) as engine:
        play(engine, events, START + HOUR)
        repeats = [nudge for nudge in settled(engine) if nudge["kind"] == "repeat"]
        told = [(nudge["nudge_id"], nudge["contact_id"], nudge["attempt"]) for nudge in repeats]
        assert told == [("repeat:b", "b", 2), ("repeat:b", "c", 3), ("repeat:c", "c", 2)]
        assert (answers(engine), refusals(engine)) == (["repeat:c"], [])
        totals = Totals(engine.ledger.totals())
        assert {of: n for of, n in totals.by(m.NUDGES, 4).items() if n} == {("issued",): 1}
        assert totals.by(m.NUDGES_ANSWERED, 4) == {("acted",): 1}


@pytest.mark.parametrize("restart", [False, True], ids=["undisturbed", "after a restart"])
def test_an_answer_to_a_spike_that_is_forgotten_is_refused(tmp_path: Path, *, restart: bool) -> None:
    path, at, since = str(tmp_path / "monitor.db"), START + 40 * DAY, START - 20 * MINUTE
    spike = DemandSpiked("spike:1", START, "test", "delivery", "late", since, 30, 12.5)
    engine = EmbeddedEngine(path, Policy(), durable=False)
    engine.ingest([encode(spike)], START, {})
    engine.advance(START + HOUR)
    [told] = settled(engine)
    engine.advance(at - 2 * HOUR)
    engine.advance(at)
    if restart:
        engine.close()
        engine = EmbeddedEngine(path, Policy(), durable=False)
    engine.ingest([encode(ActionTaken("answer", at, "test", told["nudge_id"], "lead", "acted"))], at, {})
    engine.advance(at + HOUR)
    assert refusals(engine) == ["unknown_nudge"]
    engine.close()
