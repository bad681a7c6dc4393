"""When team leads are nudged, and what is kept back: by example."""

import json
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streams.contracts.encode import encode
from streams.domain import measures as m
from streams.domain.events import ClockTicked
from streams.domain.policy import Nudging, Policy, QuietHours
from streams.domain.throttle import Throttle
from streams.domain.units import HOUR, MINUTE, SECOND, Millis
from streams.engines.embedded import EmbeddedEngine
from streams.exporter.report import Totals
from tests.journeys import LATENESS, START, Event, wire
from tests.partitions import Partitions

POLICY = Policy(nudging=Nudging(limit=2, span=10 * MINUTE, shares=1))


def contact(number: int, customer: str, at: Millis, **more: object) -> list[Event]:
    """A contact of three minutes about a late parcel, answered at once."""
    of = {"contact_id": f"{customer}-{number}"}
    events: list[Event] = [
        {
            "type": "contact.offered",
            "at": at,
            "channel": "voice",
            "queue": "delivery",
            "team": "logistics",
            "customer_id": customer,
            "reason": "parcel_late",
            **of,
            **more,
        },
        {"type": "contact.answered", "at": at + 5 * SECOND, **of},
        {"type": "contact.ended", "at": at + 3 * MINUTE, "claimed_resolved": True, **of},
    ]
    return [{**event, "event_id": f"{customer}-{number}-{n}"} for n, event in enumerate(events)]


def repeats(customers: int, at: Millis) -> list[Event]:
    """Customers who called at the start and are back at a time, a second apart, in the order of time."""
    names = [f"customer-{n:02}" for n in range(customers)]
    events = [event for name in names for event in contact(1, name, START)]
    events += [event for n, name in enumerate(names) for event in contact(2, name, at + n * SECOND)]
    return sorted(events, key=lambda event: (event["at"], event["event_id"]))


def play(events: list[Event], policy: Policy = POLICY) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return what is told in the end, and how often each fate was met."""
    with closing(EmbeddedEngine(":memory:", policy)) as engine:
        engine.ingest([wire(event) for event in events], events[-1]["at"], {})
        engine.advance(events[-1]["at"] + HOUR)
        nudges = [json.loads(record) for _, record in engine.nudges()]
        fates = Totals(engine.ledger.totals()).by(m.NUDGES, 4)
        return [nudge for nudge in nudges if not nudge.get("provisional")], {fate: n for (fate,), n in fates.items()}


def test_a_team_is_told_no_more_in_a_span_than_the_limit_and_the_rest_is_counted() -> None:
    nudges, fates = play(repeats(5, START + HOUR))
    assert [nudge["contact_id"] for nudge in nudges] == ["customer-00-2", "customer-01-2"]
    assert fates == {"issued": 2, "limited": 3}


def test_the_next_span_has_a_limit_of_its_own() -> None:
    events = repeats(3, START + HOUR) + contact(1, "later", START + HOUR + 10 * MINUTE)
    nudges, fates = play(events + contact(2, "later", START + HOUR + 15 * MINUTE))
    assert nudges[-1]["contact_id"] == "later-2"
    assert fates == {"issued": 3, "limited": 1}


def test_other_teams_have_limits_of_their_own() -> None:
    events = repeats(3, START + HOUR) + contact(1, "other", START + HOUR + MINUTE)
    nudges, _ = play(events + contact(2, "other", START + HOUR + 5 * MINUTE, queue="billing", team="payments"))
    assert Counter(nudge["team"] for nudge in nudges) == {"logistics": 2, "payments": 1}


def test_the_shares_of_the_customers_have_the_limit_between_them() -> None:
    throttle = Throttle(Nudging(limit=60, shares=12))
    for _ in range(5):
        assert throttle.admits("blue", "anna", START)
        throttle.count("blue", "anna", START)
    assert not throttle.admits("blue", "anna", START)
    assert any(throttle.admits("blue", f"customer {n}", START) for n in range(40))


def test_what_a_team_was_sent_outlives_a_restart() -> None:
    events = repeats(4, START + HOUR)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "monitor.db")
        for start in range(0, len(events), 3):
            with closing(EmbeddedEngine(path, POLICY, durable=False)) as engine:
                engine.ingest([wire(event) for event in events[start : start + 3]], events[-1]["at"], {})
        with closing(EmbeddedEngine(path, POLICY, durable=False)) as engine:
            engine.advance(START + 2 * HOUR)
            assert Totals(engine.ledger.totals()).by(m.NUDGES, 4) == {("issued",): 2, ("limited",): 2}


@pytest.mark.parametrize(
    ("local", "quiet"), [("21:59", False), ("22:00", True), ("03:00", True), ("06:59", True), ("07:00", False)]
)
def test_quiet_hours_go_past_midnight_by_the_clocks_of_their_zone(local: str, quiet: bool) -> None:  # noqa: FBT001
    zone = ZoneInfo("Europe/Paris")
    hours, minutes = map(int, local.split(":"))
    at = datetime(2026, 3, 3, hours, minutes, tzinfo=zone).astimezone(UTC).timestamp() * 1000
    assert (round(at) in QuietHours(22 * 60, 7 * 60, zone)) is quiet


def test_nobody_is_nudged_in_quiet_hours_and_it_is_counted() -> None:
    quiet = replace(POLICY, nudging=replace(POLICY.nudging, quiet=QuietHours(0, 120)))
    nudges, fates = play(repeats(2, START + HOUR), quiet)
    assert nudges == []
    assert fates == {"quiet": 2}
    nudges, fates = play(repeats(2, START + 3 * HOUR), quiet)
    assert (len(nudges), fates) == (2, {"issued": 2})


def test_what_is_open_is_not_told_again_in_quiet_hours() -> None:
    quiet = replace(POLICY, nudging=Nudging(quiet=QuietHours(120, 480)))
    times = [START, *(START + 110 * MINUTE + n * 25 * MINUTE for n in range(4))]
    nudges, fates = play([event for n, at in enumerate(times) for event in contact(n, "anna", at)[:2]], quiet)
    assert [nudge["contact_id"] for nudge in nudges] == ["anna-1"]
    assert fates == {"issued": 1, "quiet": 3}


def test_what_was_kept_back_is_told_apart_in_the_end() -> None:
    events = repeats(3, START + HOUR)
    with closing(EmbeddedEngine(":memory:", POLICY)) as engine:
        engine.ingest([wire(event) for event in events], events[-1]["at"], {})
        engine.advance(START + 40 * 24 * HOUR)
        responses = Totals(engine.ledger.totals()).only(4, "7d").by(m.NUDGED, 5, 6)
    assert responses == {("ignored", "resolved"): 2, ("suppressed", "resolved"): 1}


def test_a_repeat_is_told_as_it_arrives_before_the_allowed_lateness_has_passed() -> None:
    first, second = contact(1, "anna", START), contact(2, "anna", START + HOUR)
    with closing(EmbeddedEngine(":memory:", POLICY)) as engine:
        engine.ingest([wire(event) for event in first], START, {})
        engine.ingest([wire(second[0])], START + HOUR, {})
        [told] = [json.loads(record) for _, record in engine.nudges()]
        assert told["provisional"] is True
        assert (told["nudge_id"], told["attempt"]) == ("repeat:anna-2", 2)
        assert Totals(engine.ledger.totals()).sum(m.NUDGES) == 0, "what is counted waits until it is settled"
        engine.advance(START + HOUR + LATENESS + SECOND)
        settled = json.loads(list(engine.nudges())[-1][1])
        assert settled == {name: value for name, value in told.items() if name != "provisional"}


def test_who_hangs_up_and_calls_again_within_the_lateness_is_a_repeat_already() -> None:
    first, second = contact(1, "anna", START), contact(2, "anna", START + 5 * SECOND)
    gave_up: Event = {"type": "contact.abandoned", "event_id": "gone", "contact_id": "anna-1", "at": START + 2 * SECOND}
    with closing(EmbeddedEngine(":memory:", POLICY)) as engine:
        for event in (first[0], gave_up, second[0]):
            engine.ingest([wire(event)], event["at"], {})
        [told] = [json.loads(record) for _, record in engine.nudges()]
    assert (told["evidence"], told["provisional"]) == ("retry", True)
    assert told["earlier"][0]["abandoned"] is True


def test_what_is_read_as_history_is_not_told_ahead_of_time() -> None:
    events = contact(1, "anna", START) + contact(2, "anna", START + HOUR)[:1]
    with closing(EmbeddedEngine(":memory:", POLICY)) as engine:
        engine.ingest([wire(event) for event in events], START + 100 * HOUR, {})
        assert list(engine.nudges()) == []


def test_no_label_is_admitted_ahead_of_time() -> None:
    narrow = replace(POLICY, label_budget=dict.fromkeys(POLICY.label_budget, 1))
    first, second = contact(1, "anna", START), contact(2, "anna", START + HOUR, queue="returns")
    with closing(EmbeddedEngine(":memory:", narrow)) as engine:
        engine.ingest([wire(event) for event in first], START, {})
        engine.ingest([wire(second[0])], START + HOUR, {})
        engine.advance(START + HOUR + LATENESS + SECOND)
        queues = {labels for (labels,) in Totals(engine.ledger.totals()).by(m.OFFERED, 0)}
    assert queues == {"delivery", "other"}


@pytest.mark.parametrize("partitions", [1, 3])
def test_units_tell_each_other_ahead_of_time_whatever_partitions_customer_and_contact_are_in(partitions: int) -> None:
    first, second = contact(1, "anna", START), contact(2, "anna", START + HOUR)
    with tempfile.TemporaryDirectory() as folder, closing(Partitions(Path(folder), POLICY, partitions)) as units:
        for event in [*first, second[0]]:
            units.append([(event["contact_id"], wire(event))], event["at"])
            units.finish()
        [told] = [json.loads(record) for record in units.nudges]
        assert (told["nudge_id"], told["provisional"]) == ("repeat:anna-2", True)
        for again in range(2):
            at = START + HOUR + MINUTE
            units.tick(lambda p, again=again, at=at: encode(ClockTicked(f"{again}-{p}", at, "test")), at)  # type: ignore[misc]
        units.finish()
        settled = json.loads(units.nudges[-1])
    assert settled == {name: value for name, value in told.items() if name != "provisional"}
