"""Nudges before a promise is broken: which problems are watched, and what an old watch is still good for."""

import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from streams.bootstrap import make_exporter
from streams.contracts.encode import encode
from streams.domain import measures as m
from streams.domain.events import ClockTicked
from streams.domain.policy import Nudging, Policy
from streams.domain.units import DAY, HOUR, MINUTE, SECOND
from streams.engines.embedded import EmbeddedEngine
from streams.exporter.report import Totals
from streams.settings import load
from tests.calls import acted, ended, event, identified, offered, play, settled
from tests.journeys import START, Event, wire
from tests.ledgers import rows
from tests.partitions import Partitions


def promising(days: int) -> Policy:
    """Return a policy by which problems that come to billing should be at rest within some days."""
    return Policy(nudging=Nudging(resolve_within={"billing": days * DAY}))


POLICY = promising(4)
REOPENED = [
    offered("a", "anna", START, case_id="k"),
    ended("a", START + HOUR),
    event("case.reopened", START + 2 * DAY, "reopened", case_id="k", customer_id="anna"),
    acted("promise:a", START + 4 * DAY),
]


def test_a_contact_that_was_reopened_counts_by_how_its_promise_was_answered() -> None:
    with closing(EmbeddedEngine(":memory:", POLICY)) as engine:
        play(engine, REOPENED, START + 60 * DAY)
        assert [row for row in rows(engine.ledger) if row.added < row.retracted] == []
        ended_by = Totals(engine.ledger.cohorts(1)).by(m.NUDGED_ENDED, 4)
        matured = Totals(engine.ledger.totals()).by(m.NUDGED, 4, 5, 6)
    assert {response: n for response, n in ended_by.items() if n} == {("acted",): 1}
    assert {of: n for of, n in matured.items() if n} == {
        ("1d", "acted", "resolved"): 1,
        ("7d", "acted", "recurred"): 1,
        ("30d", "acted", "recurred"): 1,
    }


def test_metrics_can_be_scraped_after_a_promise_was_acted_on_for_a_contact_that_was_reopened() -> None:
    ignored = [offered("p", "ben", START - DAY), offered("q", "ben", START - DAY + HOUR)]
    ignored += [ended("p", START - DAY + 2 * HOUR), ended("q", START - DAY + 2 * HOUR + 1)]
    with closing(EmbeddedEngine(":memory:", POLICY)) as engine:
        play(engine, [*ignored, *REOPENED], START + 9 * DAY)
        generate_latest(make_exporter(load(None, {}), engine.ledger).registry)


@pytest.mark.parametrize(("days", "told"), [(None, []), (10, ["2026-01-09T00:00:00Z"]), (4, ["2026-01-04T04:48:00Z"])])
def test_what_is_promised_now_holds_for_problems_that_were_opened_by_other_settings(
    tmp_path: Path, days: int | None, told: list[str]
) -> None:
    path = str(tmp_path / "monitor.db")
    with closing(EmbeddedEngine(path, POLICY, durable=False)) as engine:
        play(engine, [offered("a", "anna", START)], START + HOUR)
    with closing(EmbeddedEngine(path, Policy() if days is None else promising(days), durable=False)) as engine:
        for day in range(1, 12):
            engine.advance(START + day * DAY)
        assert [nudge["occurred_at"] for nudge in settled(engine)] == told


def test_a_promise_to_a_customer_who_is_forgotten_tells_nothing_with_or_without_a_restart(tmp_path: Path) -> None:
    policy = replace(promising(60), open_contact_expiry=40 * DAY)
    for restart in (False, True):
        path = str(tmp_path / f"{restart}.db")
        engine = EmbeddedEngine(path, policy, durable=False)
        play(engine, [offered("a", "anna", START)], START + 45 * DAY)
        engine.advance(START + 46 * DAY)
        if restart:
            engine.close()
            engine = EmbeddedEngine(path, policy, durable=False)
        engine.advance(START + 50 * DAY)
        assert settled(engine) == []
        engine.close()


WITHOUT_REASON = offered("a", "anna", START, reason=None)
UPDATED = event("contact.updated", START + SECOND, "updated", contact_id="a", reason="invoice")


@pytest.mark.parametrize(
    "events",
    [
        [WITHOUT_REASON, UPDATED],
        [WITHOUT_REASON, event("case.opened", START + 1, "o", case_id="k", customer_id="anna", contact_id="a")],
        [offered("z", "anna", START - HOUR), offered("a", "anna", START), identified("z", "ben", START + HOUR)],
    ],
    ids=["by its reason", "by its case", "when an earlier one is another customer's"],
)
def test_a_problem_is_watched_from_when_it_turns_out_to_be_new(events: list[Event]) -> None:
    with closing(EmbeddedEngine(":memory:", POLICY)) as engine:
        play(engine, events, START + 5 * DAY)
        assert "promise:a" in [nudge["nudge_id"] for nudge in settled(engine)]


def test_a_problem_that_turns_out_to_be_an_older_one_is_told_of_by_the_promise_of_that() -> None:
    corrected = event("contact.updated", START + 2 * HOUR, "corrected", contact_id="b", reason="invoice")
    events = [offered("a", "anna", START), offered("b", "anna", START + HOUR, reason="card"), corrected]
    with closing(EmbeddedEngine(":memory:", POLICY)) as engine:
        play(engine, events, START + 5 * DAY)
        assert [nudge["nudge_id"] for nudge in settled(engine) if nudge["kind"] == "promise"] == ["promise:a"]


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize(
    "events",
    [
        [offered("a", "anna", START), identified("a", "ben", START + MINUTE)],
        [WITHOUT_REASON, UPDATED, identified("a", "ben", START + MINUTE)],
        [offered("a", "anna", START), {**UPDATED, "at": START + HOUR, "reason": "card"}, ended("a", START + 2 * HOUR)],
        [
            offered("z", "anna", START - HOUR),
            offered("a", "anna", START),
            identified("a", "ben", START + 20 * SECOND),
            event("contact.answered", START + 40 * SECOND, "answered", contact_id="a"),
        ],
    ],
    ids=["moved", "moved, watched late", "watched again", "a repeat that moved"],
)
def test_no_timer_is_left_when_all_is_over(events: list[Event], partitions: int) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(Partitions(Path(folder), POLICY, partitions)) as units:
        for one in events:
            units.append([(one["contact_id"], wire(one))], one["at"])
            units.finish()
        for n, at in enumerate((START + 3 * HOUR, START + 3 * HOUR, START + 50 * DAY, START + 50 * DAY)):
            units.tick(lambda p, n=n, at=at: encode(ClockTicked(f"{n}-{p}", at, "test")), at)  # type: ignore[misc]
            units.finish()
            assert all(unit.progress.timers >= 0 for unit in units.units)
        assert [unit.progress.timers for unit in units.units] == [0] * partitions
