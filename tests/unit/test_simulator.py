"""The simulator: what a plan says is what happens, and what happens is what the truth says."""

import json
from collections import Counter
from dataclasses import replace
from itertools import islice
from math import isnan, sqrt

import pytest

from streams.domain import events as e
from streams.domain.units import DAY, HOUR, SECOND, Millis
from streams.sources.simulator.generate import Simulated, simulate
from streams.sources.simulator.plan import Aftermath, Customers, Incident, Plan, Queue, Reason, Returns
from streams.sources.simulator.presets import constant_plan, demo_plan, late_parcels, noisy_plan
from streams.sources.simulator.profile import business_hours, hour_of_week
from streams.sources.simulator.truth import (
    FailureShare,
    TruthRecord,
    as_truth_json,
    failure_by_queue_and_reason,
    known_rates,
    true_failure_rate,
)

MONDAY: Millis = 1_767_571_200_000  # 2026-01-05T00:00:00Z
Run = list[Simulated]


@pytest.fixture(scope="module")
def noisy() -> Run:
    return list(simulate(noisy_plan(), 7, MONDAY, contacts=8_000))


@pytest.fixture(scope="module")
def demo() -> Run:
    return list(simulate(demo_plan(), 11, MONDAY, contacts=12_000))


def truth_of(run: Run) -> list[TruthRecord]:
    return [record.truth for record in run if record.truth is not None]


def events_of(run: Run) -> list[e.Event]:
    """Return the events of a run without duplicates, in their order."""
    return sorted({record.event.event_id: record.event for record in run}.values(), key=e.order)


def assert_plausible(share: FailureShare) -> None:
    """Five standard deviations: no honest draw is beyond them."""
    deviation = sqrt(share.true_rate * (1 - share.true_rate) / share.contacts)
    assert abs(share.realised_rate - share.true_rate) <= 5 * deviation


def test_every_queue_and_reason_fails_at_its_planned_rate(demo: Run) -> None:
    shares = failure_by_queue_and_reason(truth_of(demo))
    assert len({queue for queue, _ in shares}) == 5
    for share in shares.values():
        assert_plausible(share)


def test_the_rate_in_force_is_that_of_the_plan(demo: Run) -> None:
    rates = {(rate.queue, rate.reason): rate.failure_rate for rate in known_rates(demo_plan())}
    assert all(rates[truth.queue, truth.reason] == truth.failure_rate for truth in truth_of(demo))


def test_returns_come_within_seven_days_and_after_the_end(noisy: Run) -> None:
    delays = [t.next_at - t.ended_at for t in truth_of(noisy) if t.failed and t.next_at is not None]
    assert delays
    assert all(0 < delay <= 7 * DAY for delay in delays)


def test_each_return_is_of_the_same_customer_and_reason_at_the_promised_time(noisy: Run) -> None:
    contacts = {truth.contact_id: truth for truth in truth_of(noisy)}
    returned = [truth for truth in contacts.values() if truth.caused_by is not None]
    assert returned
    for truth in returned:
        cause = contacts[truth.caused_by or ""]
        assert (cause.customer_id, cause.reason, cause.next_at) == (truth.customer_id, truth.reason, truth.offered_at)
        assert truth.why == ("unsolved" if cause.handled else "abandoned")
        assert truth.attempt == cause.attempt + 1
        assert truth.demand == "failure"


def test_every_promised_return_before_the_end_of_the_log_happens() -> None:
    run = list(simulate(constant_plan(), 3, MONDAY, until=MONDAY + 9 * DAY))
    truths = truth_of(run)
    promised = {t.contact_id for t in truths if t.next_at is not None and t.next_at < MONDAY + 9 * DAY}
    assert promised == {t.caused_by for t in truths} - {None}


def test_who_counts_repeats_within_seven_days_finds_the_true_failures_and_no_others(noisy: Run) -> None:
    truths = truth_of(noisy)
    log_ends = truths[-1].offered_at
    arrivals: dict[tuple[str, str], list[Millis]] = {}
    for truth in truths:
        arrivals.setdefault((truth.customer_id, truth.reason), []).append(truth.offered_at)
    for truth in truths:
        repeats = [at for at in arrivals[truth.customer_id, truth.reason] if 0 < at - truth.ended_at <= 7 * DAY]
        came_back = truth.next == "returns" and truth.next_at is not None and truth.next_at <= log_ends
        assert bool(repeats) == came_back


def test_customers_bring_no_fresh_problem_that_looks_like_a_return(noisy: Run) -> None:
    last: dict[tuple[str, str], Millis] = {}
    for truth in truth_of(noisy):
        key = (truth.customer_id, truth.reason)
        if truth.why == "new" and key in last:
            assert truth.offered_at - last[key] > 30 * DAY
        last[key] = truth.ended_at


def test_past_customers_bring_other_problems(noisy: Run) -> None:
    reasons: dict[str, set[str]] = {}
    for truth in truth_of(noisy):
        reasons.setdefault(truth.customer_id, set()).add(truth.reason)
    assert any(len(brought) > 1 for brought in reasons.values())


def test_fresh_collisions_happen_where_the_plan_allows_them() -> None:
    plan = replace(constant_plan(), customers=Customers(returning=0.9, pool=10, fresh_collision=True))
    fresh = Counter(t.customer_id for t in truth_of(list(simulate(plan, 1, MONDAY, contacts=300))) if t.why == "new")
    assert max(fresh.values()) > 1


def test_a_constant_plan_has_nothing_but_returns() -> None:
    run = list(simulate(constant_plan(), 5, MONDAY, contacts=2_000))
    kinds = {type(event) for event in events_of(run)}
    contact_kinds = {e.ContactOffered, e.ContactAnswered, e.ContactEnded}
    assert kinds == contact_kinds | {e.AgentStateChanged, e.StaffJoined, e.ClockTicked}
    assert all(truth.handled for truth in truth_of(run))


def test_a_constant_plan_settles_at_its_rate_of_contacts() -> None:
    run = simulate(constant_plan(40), 5, MONDAY, until=MONDAY + 17 * DAY)
    settled = sum(1 for record in run if record.truth is not None and record.occurred_at >= MONDAY + 7 * DAY)
    assert abs(settled - 9_600) < 5 * sqrt(9_600) * 1.3


def test_a_step_changes_the_rate_of_what_ends_after_it() -> None:
    step = MONDAY + 5 * DAY
    plan = constant_plan(failure_rate=0.25, step=(step, 0.4))
    truths = truth_of(list(simulate(plan, 2, MONDAY, until=MONDAY + 10 * DAY)))
    before, after = true_failure_rate(truths, before=step), true_failure_rate(truths, since=step)
    assert (round(before.true_rate, 9), round(after.true_rate, 9)) == (0.25, 0.4)
    assert_plausible(before)
    assert_plausible(after)
    assert [rate.failure_rate for rate in known_rates(plan)] == [0.25, 0.4]


def test_an_incident_raises_its_own_reason_and_no_other() -> None:
    start, end = MONDAY + 2 * DAY, MONDAY + 5 * DAY
    truths = truth_of(list(simulate(demo_plan(late_parcels(start, end)), 4, MONDAY, until=MONDAY + 7 * DAY)))
    quiet = {(rate.queue, rate.reason): rate.failure_rate for rate in known_rates(demo_plan())}
    for truth in truths:
        hit = (truth.queue, truth.reason) == ("delivery", "parcel_late") and start <= truth.ended_at < end
        assert truth.failure_rate == (0.65 if hit else quiet[truth.queue, truth.reason])
    assert true_failure_rate(truths, reason="parcel_late", since=start, before=end).realised_rate > 0.5
    assert true_failure_rate(truths, reason="parcel_late", before=start).realised_rate < 0.3
    changes = [rate.since for rate in known_rates(demo_plan(late_parcels(start, end))) if rate.since is not None]
    assert changes == [start, end]


def test_the_demo_has_a_queue_that_looks_green_and_fails_and_one_that_looks_red_and_solves(demo: Run) -> None:
    offered = {t.contact_id: t for t in truth_of(demo)}
    soon: Counter[str] = Counter()
    for event in events_of(demo):
        if isinstance(event, e.ContactAnswered) and event.queue == offered[event.contact_id].queue:
            truth = offered[event.contact_id]
            soon[truth.queue] += event.occurred_at - truth.offered_at <= 20 * SECOND
    contacts = Counter(truth.queue for truth in offered.values())
    level = {queue: soon[queue] / n for queue, n in contacts.items()}
    failed = {queue: true_failure_rate(offered.values(), queue=queue).true_rate for queue in contacts}
    assert max(level, key=level.__getitem__) == max(failed, key=failed.__getitem__) == "billing"
    assert min(level, key=level.__getitem__) == min(failed, key=failed.__getitem__) == "technical"
    assert level["billing"] > 0.8
    assert level["technical"] < 0.5


def test_a_contact_lives_in_the_order_of_a_contact(noisy: Run) -> None:
    lives: dict[str, list[e.Event]] = {}
    for event in events_of(noisy):
        if isinstance(event, e.ContactEvent) and not isinstance(event, e.SurveyAnswered):
            lives.setdefault(event.contact_id, []).append(event)
    assert len(lives) == 8_000
    for truth in truth_of(noisy):
        life = lives[truth.contact_id]
        kinds = [type(event) for event in life]
        assert kinds[0] is e.ContactOffered
        assert kinds.count(e.ContactOffered) == 1
        assert kinds.count(e.ContactEnded) + kinds.count(e.ContactAbandoned) == 1
        assert (e.ContactAnswered in kinds) == (e.ContactEnded in kinds) == truth.handled
        assert kinds.count(e.ContactAnswered) == (kinds.count(e.ContactTransferred) + 1 if truth.handled else 0)
        last = max(life, key=lambda event: event.occurred_at)
        assert last.occurred_at == truth.ended_at


def test_agents_handle_one_contact_at_a_time_and_only_on_shift(noisy: Run) -> None:
    allowed = {
        None: {"available"},
        "offline": {"available"},
        "available": {"handling", "offline"},
        "handling": {"available", "break"},
        "break": {"available"},
    }
    states: dict[str, str | None] = {}
    for event in events_of(noisy):
        if isinstance(event, e.StaffJoined):
            states[event.agent_id] = None
        elif isinstance(event, e.StaffLeft):
            assert states.pop(event.agent_id) in {None, "offline"}
        elif isinstance(event, e.AgentStateChanged):
            assert event.state in allowed[states[event.agent_id]]
            states[event.agent_id] = event.state
    assert "break" in {record.event.state for record in noisy if isinstance(record.event, e.AgentStateChanged)}


def test_who_answers_is_handling_from_then_on(demo: Run) -> None:
    handling = {
        (event.agent_id, event.occurred_at)
        for event in events_of(demo)
        if isinstance(event, e.AgentStateChanged) and event.state == "handling"
    }
    answered = [
        (event.agent_id, event.occurred_at)
        for event in events_of(demo)
        if isinstance(event, e.ContactAnswered) and event.agent_id is not None
    ]
    assert answered
    assert set(answered) <= handling


def test_unknown_customers_are_never_named_and_have_their_share(noisy: Run) -> None:
    truths = truth_of(noisy)
    named = {
        event.customer_id
        for event in events_of(noisy)
        if isinstance(event, e.ContactOffered | e.ContactIdentified | e.CaseOpened | e.SurveyAnswered)
    }
    handled = {truth.customer_id for truth in truths if truth.handled}
    unknown = len(handled - named) / len(handled)
    assert abs(unknown - 0.15) < 5 * sqrt(0.15 * 0.85 / len(handled)) + 0.005


def test_some_customers_and_reasons_become_known_only_during_the_contact(noisy: Run) -> None:
    events = events_of(noisy)
    nameless = {event.contact_id for event in events if isinstance(event, e.ContactOffered) and not event.customer_id}
    reasonless = {event.contact_id for event in events if isinstance(event, e.ContactOffered) and not event.reason}
    identified = {event.contact_id for event in events if isinstance(event, e.ContactIdentified)}
    explained = {event.contact_id for event in events if isinstance(event, e.ContactUpdated) and event.reason}
    assert identified
    assert identified < nameless
    assert explained
    assert explained < reasonless


def test_agents_claim_resolution_whatever_the_truth(demo: Run) -> None:
    failed = {truth.contact_id for truth in truth_of(demo) if truth.failed}
    claims = [event.claimed_resolved for event in events_of(demo) if isinstance(event, e.ContactEnded)]
    false = [
        event.claimed_resolved
        for event in events_of(demo)
        if isinstance(event, e.ContactEnded) and event.contact_id in failed
    ]
    assert abs(claims.count(True) / len(claims) - 0.97) < 0.01
    assert abs(false.count(True) / len(false) - 0.97) < 0.02


def test_unhappy_customers_answer_surveys_less_often() -> None:
    plan = replace(constant_plan(failure_rate=0.5), aftermath=Aftermath(survey_if_solved=0.5, survey_if_unsolved=0.1))
    run = list(simulate(plan, 9, MONDAY, until=MONDAY + 5 * DAY))
    solved = {truth.contact_id: truth.solved for truth in truth_of(run)}
    scores: dict[bool, list[int]] = {True: [], False: []}
    for event in events_of(run):
        if isinstance(event, e.SurveyAnswered) and event.csat is not None:
            scores[solved[event.contact_id]].append(event.csat)
    assert len(scores[True]) > 3 * len(scores[False])
    assert sum(scores[True]) / len(scores[True]) > sum(scores[False]) / len(scores[False]) + 1


def test_who_leaves_silently_never_comes_again(noisy: Run) -> None:
    left = {truth.customer_id: truth for truth in truth_of(noisy) if truth.next == "exits"}
    assert left
    for truth in truth_of(noisy):
        if truth.customer_id in left:
            assert truth.offered_at <= left[truth.customer_id].offered_at
    for event in events_of(noisy):
        if isinstance(event, e.CustomerExited):
            assert left[event.customer_id].next_at == event.occurred_at


def test_a_case_is_opened_then_resolved_then_perhaps_opened_again(noisy: Run) -> None:
    cases: dict[str, list[str]] = {}
    for event in events_of(noisy):
        if isinstance(event, e.CaseOpened | e.CaseResolved | e.CaseReopened):
            cases.setdefault(event.case_id, []).append(type(event).__name__)
    assert any("CaseReopened" in life for life in cases.values())
    for life in cases.values():
        assert life[0] == "CaseOpened"
        assert life.count("CaseOpened") == 1
        assert all(life[i - 1] == "CaseResolved" for i, what in enumerate(life) if what == "CaseReopened")


def test_duplicates_are_the_same_bytes_and_have_their_share(noisy: Run) -> None:
    copies: dict[str, list[bytes]] = {}
    for record in noisy:
        copies.setdefault(record.event.event_id, []).append(record.raw)
    assert all(len(set(raws)) == 1 for raws in copies.values())
    eligible = sum(1 for event in events_of(noisy) if not isinstance(event, e.ClockTicked))
    extra = (len(noisy) - len(copies)) / eligible
    assert abs(extra - 0.032) < 5 * sqrt(0.032 / eligible)


def test_only_the_planned_few_are_later_than_the_allowed_disorder(noisy: Run) -> None:
    first: dict[str, Simulated] = {}
    for record in noisy:
        first.setdefault(record.event.event_id, record)
    delays = [record.logged_at - record.occurred_at for record in first.values()]
    assert min(delays) == 0
    assert 0 < sum(delay > 8 * SECOND for delay in delays) < 0.003 * len(delays)
    assert any(0 < delay <= 8 * SECOND for delay in delays)


def test_the_log_is_in_order_of_logging(noisy: Run) -> None:
    logged = [record.logged_at for record in noisy]
    assert logged == sorted(logged)


def test_records_are_made_as_they_are_asked_for() -> None:
    endless = simulate(demo_plan(), 1, MONDAY)
    assert len(list(islice(endless, 500))) == 500
    assert next(endless).logged_at < MONDAY + 2 * DAY


def test_the_clock_ticks_every_minute() -> None:
    run = list(simulate(constant_plan(), 1, MONDAY, until=MONDAY + 2 * HOUR))
    ticks = [record.occurred_at - MONDAY for record in run if isinstance(record.event, e.ClockTicked)]
    assert ticks == [minute * 60 * SECOND for minute in range(120)]
    silent = replace(constant_plan(), tick=None)
    assert not any(isinstance(r.event, e.ClockTicked) for r in simulate(silent, 1, MONDAY, until=MONDAY + HOUR))


def test_exactly_as_many_contacts_are_offered_as_were_asked_for_and_all_end(noisy: Run) -> None:
    events = events_of(noisy)
    assert sum(isinstance(event, e.ContactOffered) for event in events) == 8_000
    assert sum(isinstance(event, e.ContactEnded | e.ContactAbandoned) for event in events) == 8_000
    assert list(simulate(noisy_plan(), 7, MONDAY, contacts=0)) == []


def test_a_negative_number_of_contacts_is_refused() -> None:
    with pytest.raises(ValueError, match="contacts=-1 must not be negative"):
        simulate(demo_plan(), 1, MONDAY, contacts=-1)


def test_arrivals_follow_the_hours_of_the_week() -> None:
    truths = truth_of(list(simulate(demo_plan(), 8, MONDAY, until=MONDAY + 7 * DAY)))
    by_hour = Counter(hour_of_week(truth.offered_at) for truth in truths if truth.why == "new")
    night, noon, saturday_noon = by_hour[3], by_hour[11], by_hour[5 * 24 + 11]
    assert night * 5 < saturday_noon < noon / 2


def test_returns_can_keep_to_the_hours_at_which_others_come() -> None:
    plan = constant_plan(failure_rate=0.5)
    busy = replace(plan.queues[0], profile=business_hours(closed=0.0))
    plan = replace(plan, queues=(busy,), returns=Returns(in_profile=True))
    truths = truth_of(list(simulate(plan, 6, MONDAY, contacts=2_000)))
    assert all(busy.profile[hour_of_week(truth.offered_at)] > 0 for truth in truths)
    assert_plausible(true_failure_rate(truths))


def test_truth_is_one_line_of_json_with_every_field(demo: Run) -> None:
    truth = truth_of(demo)[0]
    line = as_truth_json(truth)
    assert b"\n" not in line
    assert TruthRecord(**json.loads(line)) == truth


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"team": "nobody"}, "its team 'nobody' is not among"),
        ({"profile": (1.0,) * 24}, "profile needs 168 factors"),
        ({"per_hour": 0.0}, "some hour with arrivals"),
        ({"transfer": 0.1}, "transfer_to must name a queue"),
        ({"reasons": {}}, "at least one reason"),
        ({"reasons": {"question": Reason(failure_rate=1.5)}}, "failure_rate must be in"),
        ({"retry": -0.5}, r"queue: retry must be in \[0, 1\], not -0.5"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(change: dict[str, object], message: str) -> None:
    plan = constant_plan()
    queue: Queue = replace(plan.queues[0], **change)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=message):
        Plan(queues=(queue,), teams=plan.teams)


def test_an_incident_of_an_unknown_reason_is_refused() -> None:
    plan = constant_plan()
    with pytest.raises(ValueError, match="reason 'nonsense' is not in the plan"):
        replace(plan, incidents=(Incident(MONDAY, None, "support", "nonsense", 0.5),))


def test_business_hours_open_before_they_close() -> None:
    with pytest.raises(ValueError, match="opens=18 and closes=8"):
        business_hours(18, 8)


def test_a_share_of_no_contacts_is_no_number() -> None:
    share = true_failure_rate([])
    assert share.contacts == 0
    assert isnan(share.realised_rate)
    assert isnan(share.true_rate)
