"""Whether acting on nudges helped, as the board shows it."""

from collections.abc import Mapping
from contextlib import closing

import orjson
import pytest

from streams.board.counts import Scope
from streams.board.helped import Helped, HelpedOf
from streams.board.model import Centre, Model
from streams.catalogue import nudges as catalogue
from streams.catalogue.nudges import CENTRE, effect_name
from streams.domain.policy import Policy
from streams.domain.units import DAY, MINUTE
from streams.engines.embedded import EmbeddedEngine
from streams.exporter.nudged import nudged_gauges
from streams.sources.simulator.generate import simulate
from tests.behaviour.test_acting import EFFECT, START, WEEK, plan
from tests.board import Record, answered, at, ended, failure, in_time, issued, seen, spike

EVERYTHING = Scope()
NINE = at(hours=9)


def helped(*records: Record, scope: Scope = EVERYTHING) -> Helped:
    model = Model(Centre(), str.upper)
    model.fold(records)
    assert model.newest is not None
    return HelpedOf(model)(scope, model.newest)


def test_insights_usage_and_time_to_action_are_of_the_nudges_that_were_acted_on() -> None:
    nudges = [issued(name, NINE) for name in "abcd"]
    found = helped(
        *nudges,
        answered(nudges[0], NINE + 2 * MINUTE),
        answered(nudges[1], NINE + 4 * MINUTE),
        answered(nudges[2], NINE + MINUTE, "dismissed"),
    )
    assert (found.asked, found.acted, found.usage, found.delay_s) == (4, 2, 0.5, 180)


def test_a_spike_that_was_acted_on_counts_although_it_is_about_no_contact() -> None:
    told = spike(NINE)
    found = helped(told, answered(told, NINE + MINUTE))
    assert (found.asked, found.acted) == (1, 1)


def test_what_was_told_ahead_of_time_or_again_under_its_id_counts_once() -> None:
    told = issued("a", NINE)
    again = issued("b", NINE + MINUTE, nudge_id=told["nudge_id"])
    assert helped(issued("a", NINE, provisional=True)).asked == 0
    assert helped(issued("a", NINE, provisional=True), told, again, told).asked == 1


def test_an_answer_that_is_read_before_its_nudge_counts_all_the_same() -> None:
    told = issued("a", NINE)
    assert helped(answered(told, NINE + MINUTE), told) == helped(told, answered(told, NINE + MINUTE))


def test_of_several_answers_the_strongest_holds() -> None:
    told = issued("a", NINE)
    answers = [answered(told, NINE + n * MINUTE, done) for n, done in enumerate(("acknowledged", "acted"), 1)]
    assert helped(told, *answers).acted == helped(told, *answers[::-1]).acted == 1


def test_nothing_is_counted_of_other_teams_and_of_what_is_more_than_four_weeks_old() -> None:
    old, other = issued("a", NINE - 30 * DAY), issued("b", NINE, place="onboarding/welcome/chat")
    assert helped(old, other, issued("c", NINE), scope=Scope(team="payments")).asked == 1


def test_an_answer_counts_for_each_contact_that_its_nudge_was_about() -> None:
    first = issued("a", NINE)
    grouped = issued("b", NINE + MINUTE, nudge_id=first["nudge_id"])
    contacts = [
        record
        for name, came in (("a", NINE), ("b", NINE + MINUTE), ("c", NINE))
        for record in (failure(name, came, "z"), ended(name, came + 5 * MINUTE))
    ]
    back = seen("c", NINE + 5 * MINUTE, NINE + DAY)
    later = failure("z", NINE + 9 * DAY)
    found = helped(*contacts, first, grouped, issued("c", NINE), answered(first, NINE + 2 * MINUTE), back, later)
    matured = {done: of.matured for done, of in found.ended.items()}
    assert {done: (of.ended, of.failed) for done, of in matured.items() if of} == {"acted": (2, 0), "ignored": (1, 1)}


def test_a_nudge_that_is_read_before_its_contact_counts_all_the_same() -> None:
    told = issued("a", NINE)
    contact = [failure("a", NINE, "z"), ended("a", NINE + 5 * MINUTE)]
    later = failure("z", NINE + 9 * DAY)
    found = helped(told, *contact, later)
    assert found == helped(*contact, told, later)
    assert found.ended


@pytest.mark.parametrize("seed", range(2))
def test_the_board_says_of_acting_what_the_exporter_says(seed: int) -> None:
    until = START + 21 * DAY
    with closing(EmbeddedEngine(":memory:", Policy(windows=(WEEK,)))) as engine:
        engine.ingest([simulated.raw for simulated in simulate(plan(EFFECT), seed, START, until=until)], until, {})
        engine.advance(until)
        gauges = list(nudged_gauges(engine.ledger.cohorts(1), (WEEK,), until))
        outcomes, nudges = ([orjson.loads(raw) for _, raw in told(0)] for told in (engine.outcomes, engine.nudges))
    model = Model(Centre(windows=(WEEK,), window=WEEK), str.upper)
    model.fold(in_time(outcomes, nudges))
    found = HelpedOf(model)(EVERYTHING, until)
    centre = {(gauge.name, *gauge.labels): gauge.value for gauge in gauges}
    assert figures(found) == pytest.approx({key: centre[key] for key in figures(found)})
    assert {done for done, of in found.ended.items() if of.live} >= {"acted", "ignored", "dismissed"}
    assert found.acted > 100


def figures(found: Helped) -> Mapping[tuple[str, ...], float]:
    """What the board has, by the names and labels that the exporter has it under."""
    shares = {
        (effect_name(CENTRE, name), done, basis, WEEK.name): getattr(estimate, part)
        for done, of in found.ended.items()
        for basis, estimate in (("live", of.live), ("matured", of.matured))
        for name, part in (
            (catalogue.FAILED, "value"),
            (catalogue.FAILED_LOW, "low"),
            (catalogue.FAILED_HIGH, "high"),
        )
        if estimate is not None
    }
    assert found.effect is not None
    return shares | {(effect_name(CENTRE, catalogue.EFFECT), "live", WEEK.name): found.effect.value}
