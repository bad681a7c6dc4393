"""The board's read model: what it makes of records, whatever comes late, twice or again."""

from collections import Counter
from datetime import UTC
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo

import pytest

from streams.board import entries as e
from streams.board.counts import Scope
from streams.board.demand import Cause, failure_demand
from streams.board.helped import HelpedOf
from streams.board.model import Centre, Model
from streams.board.problem import find_problem
from streams.board.twins import Twins, TwinsOf
from streams.board.viewer import LOCAL, Viewer
from streams.contracts.times import rfc3339
from streams.domain.units import DAY, HOUR, MINUTE, SECOND, Millis
from tests.board import (
    Record,
    answered,
    at,
    ended,
    failure,
    in_time,
    issued,
    seen,
    spike,
    told_by_the_engine,
    value,
    verdict,
)

EVERYTHING = Scope()
PAYMENTS, WELCOME = "billing/payments/voice", "onboarding/welcome/chat"
NINE = at(hours=9)


def model_of(*records: Record, centre: Centre | None = None) -> Model:
    model = Model(centre or Centre(), str.upper)
    model.fold(records)
    return model


def open_ids(model: Model, scope: Scope = EVERYTHING, now: Millis | None = None) -> list[str]:
    newest = model.newest or 0
    return [nudge.nudge_id for nudge in model.nudges.open(scope, newest, max(newest, now or 0))]


def causes(model: Model, as_of: Millis, scope: Scope = EVERYTHING) -> dict[str, tuple[int, float | None]]:
    return {cause.reason: (cause.came, cause.usual) for cause in failure_demand(model, scope, as_of).causes}


def twins(model: Model, as_of: Millis, scope: Scope = EVERYTHING) -> Twins:
    return TwinsOf(model)(scope, as_of)[0]


# --- nudges ---------------------------------------------------------------------------------------------------------


def test_nudges_are_shown_oldest_first() -> None:
    model = model_of(issued("b", NINE + MINUTE), issued("a", NINE), spike(NINE + 2 * MINUTE))
    assert open_ids(model) == ["repeat:a", "repeat:b", "spike:billing/refund#1"]


def test_a_nudge_said_again_takes_the_place_of_the_first() -> None:
    model = model_of(issued("a", NINE), issued("a", NINE + MINUTE, attempt=3))
    [nudge] = model.nudges.open(EVERYTHING, NINE, NINE)
    assert (nudge.attempt, nudge.at) == (3, NINE + MINUTE)


def test_a_provisional_nudge_goes_when_nothing_settles_it_in_half_a_minute() -> None:
    model = model_of(issued("a", NINE, provisional=True), value("other", NINE + 30 * SECOND))
    assert open_ids(model) == ["repeat:a"]
    model.fold([value("another", NINE + 31 * SECOND)])
    assert open_ids(model) == []


def test_a_provisional_nudge_that_is_settled_stays() -> None:
    model = model_of(issued("a", NINE, provisional=True), issued("a", NINE), value("other", NINE + MINUTE))
    assert open_ids(model) == ["repeat:a"]


def test_a_provisional_nudge_read_after_what_settled_it_changes_nothing() -> None:
    model = model_of(issued("a", NINE, attempt=4), issued("a", NINE, provisional=True), value("b", NINE + MINUTE))
    assert open_ids(model) == ["repeat:a"]


def test_a_nudge_expires_by_the_time_of_the_log() -> None:
    model = model_of(issued("a", NINE), value("other", NINE + 30 * MINUTE))
    assert open_ids(model) == []


def test_a_nudge_expires_by_the_clock_when_the_log_is_silent() -> None:
    model = model_of(issued("a", NINE))
    assert open_ids(model, now=NINE + 29 * MINUTE) == ["repeat:a"]
    assert open_ids(model, now=NINE + 30 * MINUTE) == []


@pytest.mark.parametrize("action", ["acted", "dismissed"])
def test_a_nudge_that_was_answered_leaves_with_what_was_done(action: str) -> None:
    nudge = issued("a", NINE)
    model = model_of(nudge, answered(nudge, NINE + MINUTE, action, note="called back"))
    assert open_ids(model) == []
    [done] = model.nudges.done(EVERYTHING, at())
    assert (done.nudge_id, done.action, done.note) == ("repeat:a", action, "called back")


def test_an_acknowledged_nudge_stays_until_it_is_told_what_was_done() -> None:
    nudge = issued("a", NINE)
    model = model_of(nudge, answered(nudge, NINE + MINUTE, "acknowledged", note=None))
    [shown] = model.nudges.open(EVERYTHING, NINE, NINE)
    taken = model.nudges.taken(shown)
    assert taken is not None
    assert taken.actor == "lead"
    model.fold([answered(nudge, NINE + 2 * MINUTE)])
    assert open_ids(model) == []


def test_an_acknowledgement_does_not_hold_for_the_customers_next_attempt() -> None:
    nudge = issued("a", NINE)
    model = model_of(nudge, answered(nudge, NINE + MINUTE, "acknowledged"), issued("a", NINE + 2 * MINUTE, attempt=3))
    [shown] = model.nudges.open(EVERYTHING, NINE, NINE)
    assert model.nudges.taken(shown) is None


def test_an_answered_nudge_is_not_reopened_whichever_topic_is_read_first() -> None:
    nudge = issued("a", NINE)
    answer = answered(nudge, NINE + MINUTE)
    for records in ([nudge, answer, nudge], [answer, nudge], [nudge, answer, answer]):
        model = model_of(*records)
        assert open_ids(model) == []
        assert len(model.nudges.done(EVERYTHING, at())) == 1


def test_nudges_and_answers_of_other_teams_and_queues_are_left_out() -> None:
    theirs = issued("b", NINE, place=WELCOME)
    model = model_of(issued("a", NINE), theirs, answered(theirs, NINE), issued("c", NINE, place=WELCOME))
    assert open_ids(model, Scope(frozenset({"payments"}))) == ["repeat:a"]
    assert open_ids(model, Scope(None, "welcome")) == ["repeat:c"]
    assert open_ids(model, Scope(queue="billing")) == ["repeat:a"]
    assert open_ids(model, Scope(frozenset({"payments"}), "welcome")) == []
    assert model.nudges.done(Scope(frozenset({"payments"})), at()) == []


def test_nudges_long_over_are_let_go_of() -> None:
    model = Model(Centre(), str.upper)
    model.fold(issued(f"c{n}", at(hours=n)) for n in range(24 * 60))
    assert len(list(model.nudges.about({f"c{n}" for n in range(24 * 60)}))) < 24 * 4


# --- failure demand -------------------------------------------------------------------------------------------------


def test_failure_demand_is_counted_where_it_was_caused() -> None:
    model = model_of(failure("b", NINE, "a", place=WELCOME, charged_to=PAYMENTS))
    assert failure_demand(model, EVERYTHING, NINE).causes == [Cause("payments", "billing", "refund", 1, None)]
    assert causes(model, NINE, Scope(frozenset({"welcome"}))) == {}


def test_a_restated_demand_takes_the_place_of_the_first() -> None:
    first = failure("b", NINE, "a", place=WELCOME, charged_to=PAYMENTS)
    restated = value("b", NINE, place=WELCOME) | {"restates": {"demand": "failure", "origin": first["origin"]}}
    assert causes(model_of(first, restated), NINE) == {}
    assert causes(model_of(first, first), NINE) == {"refund": (1, None)}


def test_a_restatement_of_what_was_forgotten_corrects_the_counts() -> None:
    first = failure("b", NINE, "a")
    later = at(days=40, hours=9)
    restated = value("b", NINE) | {"restates": {"demand": "failure", "origin": first["origin"]}}
    model = model_of(first, value("c", later))
    assert model.contacts.get("b") is None
    series = (e.CAUSED, "payments", "billing", "refund")
    assert sum(model.counts.hours(*series).values()) == 1
    model.fold([restated | {"occurred_at": rfc3339(later)}])
    assert sum(model.counts.hours(*series).values()) == 0
    assert sum(model.counts.hours(e.ARRIVED, "payments", "billing").values()) == 2


def test_usual_is_the_mean_of_the_same_hours_of_the_weeks_before_up_to_now() -> None:
    records = [value("first", at())]
    records += [failure(f"{week}.{n}", at(7 * week, 9, n)) for week in range(3) for n in range((4, 8, 5)[week])]
    records += [failure(f"later {week}", at(7 * week, 10, 50)) for week in range(2)]
    found = failure_demand(model_of(*records), EVERYTHING, at(14, 9, 30))
    assert (found.weeks, found.came) == (2, 5)
    assert found.usual == pytest.approx((4 + 8) / 2 * 0.5)
    assert (found.hours[9].came, found.hours[9].usual) == (5, 6.0)
    assert (found.hours[10].came, found.hours[10].usual) == (None, 1.0)


def test_nothing_is_usual_before_a_week_is_over() -> None:
    found = failure_demand(model_of(failure("a", NINE)), EVERYTHING, at(6))
    assert (found.weeks, found.usual) == (0, None)


def test_usual_looks_back_eight_weeks_at_most() -> None:
    records = [failure(f"c{week}", at(7 * week, 9)) for week in range(12)]
    model = model_of(*records)
    assert failure_demand(model, EVERYTHING, at(77, 10)).weeks == 8
    assert min(model.counts.hours(e.CAUSED, "payments", "billing", "refund")) >= model.clock.hour(at(7 * 2, 9))


def test_what_exceeds_the_usual_most_comes_first() -> None:
    before = [value("first", at())]
    before += [failure(f"b{n}", at(0, 9, n), reason="often") for n in range(10)]
    today = [failure(f"t{n}", at(7, 9, n), reason="often") for n in range(9)]
    today += [failure(f"n{n}", at(7, 9, n), reason="new") for n in range(3)]
    found = failure_demand(model_of(*before, *today), EVERYTHING, at(7, 10))
    assert [cause.reason for cause in found.causes] == ["new", "often"]


@pytest.mark.parametrize(("zone", "came"), [("UTC", 3), ("America/New_York", 2), ("Asia/Kolkata", 1)])
def test_a_day_begins_at_midnight_of_the_configured_zone(zone: str, came: int) -> None:
    times = [at(1, -4), at(1, 1), at(1, 6), at(1, 18, 45)]
    model = model_of(*(failure(f"c{n}", when) for n, when in enumerate(times)), centre=Centre(zone=ZoneInfo(zone)))
    assert failure_demand(model, EVERYTHING, at(1, 19)).came == came


# --- outputs beside outcomes ----------------------------------------------------------------------------------------


def test_outputs_of_today_are_what_their_definitions_say() -> None:
    model = model_of(
        ended("yesterday", at(hours=-1)),
        ended("a", NINE, handle_ms=100_000),
        ended("b", NINE, handle_ms=200_000, in_threshold=False, claimed_resolved=False),
        ended("c", NINE, handle_ms=None),
        ended("d", NINE, handled=False, in_threshold=False, claimed_resolved=False, handle_ms=None),
    )
    outputs = twins(model, NINE).outputs
    assert (outputs.ended, outputs.handled) == (4, 3)
    assert outputs.service_level == 2 / 4
    assert outputs.handle_s == 150
    assert outputs.abandoned == 1 / 4
    assert outputs.claimed == pytest.approx(2 / 3)


def test_the_newest_end_of_a_contact_holds() -> None:
    model = model_of(ended("a", NINE), ended("a", NINE, in_threshold=False, place=WELCOME, restates=True))
    assert twins(model, NINE, Scope(team="payments")).outputs.ended == 0
    assert twins(model, NINE, Scope(team="welcome")).outputs == twins(model, NINE).outputs
    assert twins(model, NINE).outputs.service_level == 0


def test_a_restated_end_of_what_was_forgotten_is_not_counted_twice() -> None:
    model = model_of(ended("a", NINE), value("b", at(40)), ended("a", NINE, restates=True))
    assert sum(model.counts.hours(e.ENDED, "payments", "billing").values()) == 1


def test_claims_that_come_back_are_false_and_exits_are_not() -> None:
    ends = [ended(f"c{n}", NINE + n * SECOND) for n in range(10)]
    signs = [
        seen("c0", NINE, at(2)),
        seen("c1", NINE, at(2), by="reopened"),
        seen("c2", NINE, at(2), by="exited"),
        seen("c3", NINE, at(2), by="confirmed"),
        seen("c4", NINE, at(8)),
    ]
    outcomes = twins(model_of(*ends, *signs), at(8)).outcomes
    assert outcomes.matured is not None
    assert outcomes.matured.value == pytest.approx(0.7)
    assert outcomes.false_claims is not None
    assert outcomes.false_claims.value == pytest.approx(0.2)


def test_pending_is_what_lies_between_the_bounds() -> None:
    old = [ended(f"o{n}", NINE) for n in range(6)]
    new = [ended(f"n{n}", at(8, 9)) for n in range(4)]
    model = model_of(*old, seen("o0", NINE, at(1)), *new, seen("n0", at(8, 9), at(8, 10)))
    outcomes = twins(model, at(9)).outcomes
    assert outcomes.bounds == pytest.approx((0.5, 0.8))
    assert outcomes.pending == pytest.approx(0.3)


def test_abandoned_and_unlinkable_contacts_are_in_no_estimate() -> None:
    ends = [ended("a", NINE), ended("b", NINE, handled=False), ended("c", NINE, linkable=False)]
    outcomes = twins(model_of(*ends), at(8)).outcomes
    assert outcomes.matured is not None
    assert outcomes.matured.ended == 1
    assert outcomes.coverage == 0.5


def test_strangers_count_among_outputs_and_arrivals_and_lower_the_coverage() -> None:
    strangers = [
        failure("a", NINE, evidence="reason", charged_to="unknown/unknown/unknown", customer_id=None),
        ended("a", NINE, linkable=False, claimed_resolved=False, customer_id=None),
        ended("b", NINE, linkable=False, handled=False, customer_id=None),
    ]
    model = model_of(value("c", NINE), ended("c", NINE), *strangers)
    outputs, outcomes = twins(model, NINE + HOUR)[2:]
    assert (outputs.ended, outputs.handled, outputs.claimed) == (3, 2, 1 / 2)
    assert outcomes.failure_demand == 1 / 2
    assert outcomes.coverage == 1 / 2


def test_the_share_of_failure_demand_is_of_what_arrived_there_today() -> None:
    model = model_of(failure("a", NINE, charged_to=WELCOME), value("b", NINE), failure("old", at(-1)))
    assert twins(model, NINE, Scope(team="payments")).outcomes.failure_demand == 0.5


# --- problems -------------------------------------------------------------------------------------------------------


CHAIN = (
    value("a", NINE),
    ended("a", NINE + MINUTE),
    failure("b", at(1), "a"),
    ended("b", at(1, 1)),
    failure("c", at(2), "b", place=WELCOME),
    verdict("a", at(7, 9), "recurred"),
)


def test_contacts_charged_to_each_other_are_one_problem_from_any_of_them() -> None:
    model = model_of(*CHAIN, value("other", NINE))
    for token in "ABC":
        problem = find_problem(model, token, LOCAL)
        assert problem is not None
        assert [contact.contact_id for contact in problem.contacts] == ["a", "b", "c"]
    assert model.contacts.token_of_problem("c") == "A"
    assert find_problem(model, "nobody's", LOCAL) is None


def test_a_contact_that_turns_out_to_be_charged_to_another_changes_its_problem() -> None:
    restated = failure("c", at(2), "other", place=WELCOME)
    model = model_of(*CHAIN, value("other", NINE), restated)
    assert model.contacts.token_of_problem("c") == "OTHER"
    assert [contact.contact_id for contact in model.contacts.problem("a")] == ["a", "b"]


def test_contacts_charged_in_a_circle_are_shown_once() -> None:
    model = model_of(failure("a", NINE, "b"), failure("b", NINE, "a"))
    assert len(model.contacts.problem("a")) == 2


def test_a_problem_is_seen_by_the_teams_that_had_a_part_in_it() -> None:
    nudge, foreign = issued("c", at(2), place=WELCOME), issued("b", at(1))
    model = model_of(*CHAIN, foreign, nudge, answered(nudge, at(2, 1)))

    def seen_by(*teams: str) -> list[str] | None:
        problem = find_problem(model, "A", Viewer("x", frozenset(teams), sees_customers=True, may_act=True))
        return None if problem is None else [told.nudge.nudge_id for told in problem.told]

    assert seen_by("payments") == ["repeat:b"]
    assert seen_by("welcome") == ["repeat:c"]
    assert seen_by("engineers") is None


def test_a_verdict_is_kept_with_what_it_restates() -> None:
    model = model_of(*CHAIN, verdict("a", at(8), "exited", restates="recurred"))
    contact = model.contacts.get("a")
    assert contact is not None
    assert (contact.verdicts["7d"].verdict, contact.verdicts["7d"].restates) == ("exited", "recurred")


# --- the whole ------------------------------------------------------------------------------------------------------


def seen_whole(model: Model, as_of: Millis) -> tuple[object, ...]:
    """Everything that a board of all teams shows at a time."""
    return (
        model.newest,
        open_ids(model),
        model.nudges.done(EVERYTHING, 0),
        failure_demand(model, EVERYTHING, as_of),
        TwinsOf(model)(EVERYTHING, as_of),
        len(model.contacts),
    )


def test_records_of_an_unknown_type_and_unknown_fields_are_ignored() -> None:
    model = model_of({"type": "something.new"}, issued("a", NINE, more="to come"))
    assert open_ids(model) == ["repeat:a"]


def test_what_the_engine_tells_gives_the_same_model_in_batches_of_any_size_and_read_twice() -> None:
    records = in_time(*told_by_the_engine())
    whole = model_of(*records)
    assert whole.newest is not None
    parts = Model(Centre(), str.upper)
    rest, random = iter(records), Random(1)
    while batch := list(islice(rest, random.randrange(1, 500))):
        parts.fold(batch)
    as_of = whole.newest - 6 * HOUR
    assert seen_whole(parts, as_of) == seen_whole(whole, as_of)
    parts.fold(records)
    assert seen_whole(parts, as_of) == seen_whole(whole, as_of)


def test_counts_of_what_the_engine_tells_are_those_of_its_records() -> None:
    outcomes, nudges = told_by_the_engine()
    model = model_of(*in_time(outcomes, nudges))
    last = {(record["type"], record["contact_id"]): record for record in outcomes}
    arrived = Counter(record["queue"] for (kind, _), record in last.items() if kind == "demand.classified")
    failed = sum(record.get("demand") == "failure" for record in last.values())
    assert failed > 100
    assert {
        queue: sum(model.counts.hours(e.ARRIVED, team, queue).values())
        for team, queue in model.counts.places(EVERYTHING)
        if queue in arrived
    } == arrived
    assert sum(sum(hours.values()) for _, hours in model.counts.of(e.CAUSED, EVERYTHING)) == failed
    claims = sum(kind == "contact.ended" and record["claimed_resolved"] for (kind, _), record in last.items())
    assert sum(sum(hours.values()) for _, hours in model.counts.of(e.CLAIMED, EVERYTHING)) == claims > 0


def test_memory_of_contacts_and_counts_is_bounded_by_the_windows() -> None:
    def sizes(days: int) -> tuple[int, int]:
        model = Model(Centre(zone=UTC), str.upper)
        for day in range(days):
            model.fold([failure(f"{day}.{n}", at(day, n)) for n in range(24)])
            model.fold([ended(f"{day}.{n}", at(day, n, 5)) for n in range(24)])
        return len(model.contacts), sum(map(len, model.counts.every().values()))

    assert sizes(120) == sizes(150)
    assert sizes(120)[0] <= 24 * 33


def test_a_contact_of_a_day_that_lasts_twenty_five_hours_is_counted_once() -> None:
    zone = ZoneInfo("Europe/Paris")
    autumn = 1_792_886_400_000  # 25 October 2026, when clocks are put back at one o'clock UTC
    model = model_of(*(failure(f"c{n}", autumn + n * HOUR - 2 * HOUR) for n in range(25)), centre=Centre(zone=zone))
    assert failure_demand(model, EVERYTHING, autumn + 20 * HOUR).came == 25
    assert model.clock.show(autumn, "%H:%M") == "02:00"
    assert model.clock.day(autumn + DAY) == model.clock.day(autumn) + 1


@pytest.mark.parametrize(("lateness", "shown"), [(10 * SECOND, []), (5 * MINUTE, ["repeat:b"])])
def test_what_is_not_settled_yet_is_shown_for_as_long_as_events_may_be_late(lateness: Millis, shown: list[str]) -> None:
    centre = Centre(lateness=lateness)
    model = model_of(issued("b", NINE, provisional=True), value("c", NINE + MINUTE), centre=centre)
    assert open_ids(model) == shown


# --- what is taken back ----------------------------------------------------------------------------------------------


def withdrawn(record: Record, when: Millis, kind: str = "contact.withdrawn") -> Record:
    """What was told of a contact, or the nudge about it, does not hold any more for its customer."""
    return record | {"type": kind, "occurred_at": rfc3339(when)}


def failed(model: Model) -> int:
    return sum(sum(hours.values()) for series, hours in model.counts.every().items() if series[0] == e.COHORT_FAILED)


def test_a_sign_that_is_none_any_more_is_not_counted() -> None:
    told = [ended("a", NINE), seen("a", NINE, NINE + HOUR)]
    assert failed(model_of(*told)) == 2  # of all, and of those that were claimed resolved
    assert failed(model_of(*told, seen("a", NINE, NINE + HOUR, evidence=None, windows=[]))) == 0


def test_a_contact_that_is_another_customers_is_told_of_as_theirs_alone() -> None:
    model = model_of(
        ended("a", NINE),
        old := failure("b", NINE + HOUR, "a"),
        withdrawn(old, NINE + 2 * HOUR),
        value("b", NINE + HOUR, customer_id="other"),
    )
    contact = model.contacts.get("b")
    assert contact is not None
    assert contact.customer_id == "other"
    assert [one.contact_id for one in model.contacts.problem("a")] == ["a"]
    assert failure_demand(model, EVERYTHING, NINE + 2 * HOUR).causes == []


@pytest.mark.parametrize("first", [0, 1], ids=["told as theirs first", "taken back first"])
def test_what_partitions_tell_of_a_contact_that_moved_is_the_same_in_any_order(first: int) -> None:
    old, new = failure("b", NINE, "a"), value("b", NINE, customer_id="other")
    theirs, taken_back = [new], [old, withdrawn(old, NINE + HOUR)]
    model = model_of(*(taken_back + theirs if first else theirs + taken_back))
    contact = model.contacts.get("b")
    assert contact is not None
    assert contact.customer_id == "other"
    arrived = [hours for series, hours in model.counts.every().items() if series[0] in (e.ARRIVED, e.FAILURE)]
    assert sum(sum(hours.values()) for hours in arrived) == 1


@pytest.mark.parametrize("first", [0, 1], ids=["told as theirs first", "taken back first"])
def test_a_stranger_who_becomes_known_is_shown_as_that_customer_in_any_order(first: int) -> None:
    stranger = {"customer_id": None, "place": WELCOME}
    nobodys = [value("b", NINE, **stranger), ended("b", NINE, linkable=False, **stranger)]
    taken_back = [*nobodys, withdrawn(nobodys[0], NINE + HOUR)]
    theirs = [value("b", NINE, place=WELCOME), ended("b", NINE, place=WELCOME)]
    model = model_of(*(taken_back + theirs if first else theirs + taken_back))
    assert seen_whole(model, at(8))[1:] == seen_whole(model_of(*theirs), at(8))[1:]
    assert {series: hours for series, hours in model.counts.every().items() if hours} == (
        model_of(*theirs).counts.every()
    )
    assert [one.whose for one in model.contacts] == [("b", "customer of b")]


@pytest.mark.parametrize("first", [0, 1], ids=["issued first", "taken back first"])
def test_a_nudge_about_the_wrong_customer_needs_no_action_and_counts_as_no_nudge(first: int) -> None:
    nudge = issued("b", NINE)
    gone = withdrawn(nudge, NINE + MINUTE, "nudge.withdrawn")
    model = model_of(*([gone, nudge] if first else [nudge, gone]))
    assert open_ids(model) == []
    assert HelpedOf(model)(EVERYTHING, NINE + HOUR).asked == 0


def test_a_nudge_about_the_right_customer_stays_when_the_wrong_one_is_taken_back() -> None:
    wrong = issued("b", NINE)
    right = issued("b", NINE + MINUTE, customer_id="other")
    model = model_of(wrong, withdrawn(wrong, NINE + MINUTE, "nudge.withdrawn"), right)
    assert open_ids(model) == ["repeat:b"]
    assert HelpedOf(model)(EVERYTHING, NINE + HOUR).asked == 1
