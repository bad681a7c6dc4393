"""What the outcomes topic tells of contacts whose customer nobody knows, on every engine."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from streams.board import entries as e
from streams.board.model import Centre, Model
from streams.domain.policy import Policy, Reason
from streams.domain.units import DAY, HOUR, MINUTE, SECOND
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.presets import noisy_plan
from tests.calls import ended, event, identified, offered
from tests.engines import Game, Play, Played
from tests.journeys import START, Event, wire
from tests.tallies import of_the_board, of_the_ledger

POLICY = Policy(reasons={"invoice": Reason("value"), "chase": Reason("failure")})
END = START + 10 * MINUTE
CALL = (offered("c", None, START), ended("c", END))
PASSED = event("survey.answered", END + HOUR, "survey", contact_id="c", csat=4)
"""An hour has passed: what happened before it and comes after it is late."""

Record = dict[str, Any]


def updated(at: int, **what: object) -> Event:
    return event("contact.updated", at, f"updated-{at}", contact_id="c", **what)


def transferred(at: int) -> Event:
    return event("contact.transferred", at, f"transferred-{at}", contact_id="c", to_queue="cards", to_team="red")


LOGS: Mapping[str, tuple[Event, ...]] = {
    "stays one": CALL,
    "gives up": (CALL[0], event("contact.abandoned", END, "abandoned", contact_id="c")),
    "wants more": (offered("c", None, START, reason="chase"), CALL[1]),
    "is known in time": (CALL[0], identified("c", "anna", END - 1), CALL[1]),
    "becomes known": (*CALL, identified("c", "anna", END + HOUR)),
    "was known": (*CALL, PASSED, identified("c", "anna", END - 1)),
    "comes back": (*CALL, identified("c", "anna", END + HOUR), offered("c2", "anna", END + 2 * HOUR)),
    "has another reason": (*CALL, updated(END + HOUR, reason="other")),
    "chases": (*CALL, updated(END + HOUR, reason="chase")),
    "had a promise": (*CALL, updated(END + HOUR, sla_met=True)),
    "was transferred": (*CALL, PASSED, transferred(END - SECOND)),
    "was transferred in time": (CALL[0], transferred(END - SECOND), CALL[1]),
    "gave up before": (*CALL, PASSED, event("contact.abandoned", END - SECOND, "abandoned", contact_id="c")),
    "ends again": (*CALL, event("contact.ended", END + HOUR, "again", contact_id="c")),
    "is called by us": (offered("c", None, START, direction="outbound"), CALL[1]),
    "was never offered": (CALL[1],),
    "is on the line": (CALL[0],),
}
"""By what becomes of the stranger."""


@pytest.fixture(scope="module")
def played(play: Play) -> Mapping[str, Played]:
    games = [Game([wire(one) for one in log], POLICY, START + 2 * DAY, live=True) for log in LOGS.values()]
    return dict(zip(LOGS, play(games), strict=True))


def told(played: Played, customer: str | None) -> list[Record]:
    """Return what was told of a customer's contact, or a stranger's, in its order, but for verdicts."""
    records = [json.loads(record) for record in played.outcomes]
    records = [record for record in records if record["contact_id"] == "c" and record["customer_id"] == customer]
    return [record for record in records if record["type"] != "verdict.reached"]


def types(records: list[Record]) -> list[str]:
    return [record["type"] + (" again" if "restates" in record else "") for record in records]


AT_THE_END = ["demand.classified", "contact.ended", "contact.unlinkable"]


def test_a_strangers_contact_is_told_of_when_it_ends(played: Mapping[str, Played]) -> None:
    demand, end, unlinkable = told(played["stays one"], None)
    about = {
        "occurred_at": "2026-01-01T00:10:00Z",
        "contact_id": "c",
        "customer_id": None,
        "queue": "billing",
        "team": "payments",
        "channel": "voice",
        "reason": "invoice",
        "arrived_at": "2026-01-01T00:00:00Z",
        "ended_at": "2026-01-01T00:10:00Z",
    }
    assert demand == {"type": "demand.classified", "demand": "value", "link": "none"} | about
    said = {"handled": True, "linkable": False, "claimed_resolved": False, "in_threshold": False, "sla_met": None}
    assert end == {"type": "contact.ended", "handle_ms": 60_000, "effort_ms": 60_000} | said | about
    assert unlinkable == {"type": "contact.unlinkable"} | about


def test_a_stranger_who_gives_up_is_told_of_as_not_handled(played: Mapping[str, Played]) -> None:
    records = told(played["gives up"], None)
    assert types(records) == AT_THE_END
    assert records[1]["handled"] is False


def test_a_strangers_failure_demand_is_by_reason_and_charged_to_nobody(played: Mapping[str, Played]) -> None:
    demand = told(played["wants more"], None)[0]
    assert (demand["demand"], demand["evidence"]) == ("failure", "reason")
    assert demand["origin"] == dict.fromkeys(("queue", "team", "channel"), "unknown") | {"contact_id": None}


def test_a_customer_who_is_known_when_the_contact_ends_is_no_stranger(played: Mapping[str, Played]) -> None:
    assert told(played["is known in time"], None) == []
    assert types(told(played["is known in time"], "anna")) == ["demand.classified", "contact.ended"]


@pytest.mark.parametrize("name", ["becomes known", "was known", "comes back"])
def test_a_stranger_who_becomes_known_is_taken_back_and_told_of_as_a_customer(
    name: str, played: Mapping[str, Played]
) -> None:
    assert types(told(played[name], None)) == [*AT_THE_END, "contact.withdrawn"]
    seen = ["outcome.seen"] * (name == "comes back")
    anna = told(played[name], "anna")
    assert types(anna) == ["demand.classified", "contact.ended", *seen]
    assert anna[1]["linkable"] is True


def test_a_strangers_other_reason_is_told_in_the_place_of_the_first(played: Mapping[str, Played]) -> None:
    records = told(played["has another reason"], None)
    assert types(records) == [*AT_THE_END, "demand.classified again", "contact.ended again"]
    demand, end = records[3:]
    assert (demand["demand"], demand["restates"]["demand"]) == ("unclassified", "value")
    assert (demand["reason"], end["reason"]) == ("other", "other")


def test_a_strangers_demand_is_restated_with_what_was_said_before(played: Mapping[str, Played]) -> None:
    demand = told(played["chases"], None)[3]
    assert (demand["demand"], demand["evidence"]) == ("failure", "reason")
    assert demand["restates"] == {"demand": "value", "link": "none"}


def test_what_is_learnt_of_a_strangers_promise_is_told(played: Mapping[str, Played]) -> None:
    records = told(played["had a promise"], None)
    assert types(records) == [*AT_THE_END, "contact.ended again"]
    assert records[-1]["sla_met"] is True


def test_where_a_strangers_contact_really_ended_is_told_when_it_comes_to_be_known(played: Mapping[str, Played]) -> None:
    records, in_time = told(played["was transferred"], None), told(played["was transferred in time"], None)
    assert types(records) == [*AT_THE_END, "contact.ended again"]
    assert in_time[1]["queue"] == "cards"
    about_telling = dict.fromkeys(("occurred_at", "restates"))
    assert records[-1] | about_telling == in_time[1] | about_telling


def test_an_earlier_end_takes_the_place_of_the_strangers_end(played: Mapping[str, Played]) -> None:
    again = told(played["gave up before"], None)[-1]
    assert (again["type"], again["handled"], again["ended_at"]) == ("contact.ended", False, "2026-01-01T00:09:59Z")


def test_a_later_end_of_a_strangers_contact_is_no_news(played: Mapping[str, Played]) -> None:
    assert types(told(played["ends again"], None)) == AT_THE_END


@pytest.mark.parametrize("name", ["is called by us", "was never offered", "is on the line"])
def test_what_is_no_ended_contact_of_a_stranger_is_not_told(name: str, played: Mapping[str, Played]) -> None:
    assert played[name].outcomes == []


def test_the_board_counts_what_the_ledger_counts_strangers_among_them(play: Play) -> None:
    simulated = list(simulate(noisy_plan(), seed=5, start=START, contacts=1_000))
    log, until = [one.raw for one in simulated], max(one.logged_at for one in simulated) + HOUR
    [played] = play([Game(log, POLICY, until)])
    model = Model(Centre(), str.upper)
    assert model.fold(json.loads(record) for record in played.outcomes) == []
    tallies = of_the_ledger(played.entries)
    assert of_the_board(model) == tallies
    assert sum(n for key, n in tallies.items() if key[0] == e.UNLINKABLE) > 100
