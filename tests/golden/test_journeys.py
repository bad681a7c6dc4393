"""Golden journeys: events that a domain expert can read, and what must become of each contact."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from streams.domain import measures as m
from streams.domain.ledger import TOTALS
from streams.domain.policy import Nudging, Policy, Reason
from streams.domain.units import DAY, SECOND
from streams.exporter.report import Totals
from tests.engines import Game, Play, Played

JOURNEYS = Path(__file__).parent / "journeys"
POLICY = Policy(
    reasons={"chase": Reason("failure", "react", "billing"), "new_order": Reason("value", "deliver")},
    nudging=Nudging(resolve_within={"repairs": 5 * DAY}),
)
EMPTY: dict[str, Any] = {}
RECURRENCES = ("recontact", "reopened", "denied")


def names() -> list[str]:
    return sorted(path.name.removesuffix(".jsonl") for path in JOURNEYS.glob("*.jsonl"))


@dataclass
class Told:
    """What the outcomes topic says in the end, by contact; and the totals of the ledger."""

    totals: Totals
    demand: dict[str, dict[str, Any]] = field(default_factory=dict)
    ended: dict[str, list[str | None]] = field(default_factory=dict)
    """As whose each contact has ended, ``None`` for a stranger."""
    verdicts: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: dict[str, dict[str, Sequence[str]]] = field(default_factory=dict)
    restated: dict[str, set[str]] = field(default_factory=dict)
    handled: dict[str, bool] = field(default_factory=dict)
    problems: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    nudges: list[dict[str, Any]] = field(default_factory=list)
    answers: list[list[str]] = field(default_factory=list)


def game(name: str) -> Game:
    until = round(datetime.fromisoformat(expected(name)["until"]).timestamp() * 1000) + 1
    return Game((JOURNEYS / f"{name}.jsonl").read_bytes().splitlines(), POLICY, until, live=True)


def expected(name: str) -> dict[str, Any]:
    says: dict[str, Any] = json.loads((JOURNEYS / f"{name}.expected.json").read_text())
    return says


def that_hold(outcomes: Iterable[bytes]) -> list[dict[str, Any]]:
    """Return the outcomes but for those of contacts that turned out to be another customer's; answers stay."""
    found: list[dict[str, Any]] = []
    for record in outcomes:
        outcome = json.loads(record)
        if outcome["type"] == "contact.withdrawn":
            gone = (outcome["contact_id"], outcome["customer_id"])
            found = [told for told in found if (told["contact_id"], told["customer_id"]) != gone or is_answer(told)]
        else:
            found.append(outcome)
    return found


def is_answer(outcome: Mapping[str, Any]) -> bool:
    return bool(outcome["type"] == "nudge.answered")


def told_by(played: Played) -> Told:
    told = Told(Totals(entry for entry in played.entries if entry.series.hour == TOTALS))
    for outcome in that_hold(played.outcomes):
        contact = outcome["contact_id"]
        if outcome["type"] == "nudge.answered":
            told.answers.append([outcome["nudge_id"], outcome["action"]])
        elif outcome["type"] == "demand.classified":
            told.demand[contact] = outcome
        elif outcome["type"] == "contact.ended" and "restates" not in outcome:
            told.ended.setdefault(contact, []).append(outcome["customer_id"])
        elif outcome["type"] == "outcome.seen":
            tell_sign(told, contact, outcome)
        elif outcome["type"] == "verdict.reached":
            if "verdict" in outcome:
                told.verdicts.setdefault(contact, {})[outcome["window"]] = outcome["verdict"]
                told.handled[contact] = outcome["handled"]
            if "restates" in outcome:
                told.restated.setdefault(contact, set()).add(outcome["window"])
            if "problem" in outcome:
                told.problems.setdefault(outcome["window"], []).append(outcome["problem"])
    nudges = [json.loads(record) for record in played.nudges]
    told.nudges = sorted((nudge for nudge in nudges if not nudge.get("provisional")), key=itemgetter("occurred_at"))
    return told


def tell_sign(told: Told, contact: str, outcome: Mapping[str, Any]) -> None:
    """Take a sign of how a contact turned out, or take it back: then what it alone showed is pending again."""
    signs, verdicts = told.seen.setdefault(contact, {}), told.verdicts.setdefault(contact, {})
    before = signs.pop(outcome["by"], ())
    if outcome["evidence"] is not None:
        signs[outcome["by"]] = outcome["windows"]
    recurred = {window for by, windows in signs.items() if by in RECURRENCES for window in windows}
    if outcome["by"] in RECURRENCES:
        verdicts |= dict.fromkeys(outcome["windows"], "recurred")
        for window in {*before} - recurred:
            if verdicts[window] == "recurred":
                del verdicts[window]


@pytest.fixture(scope="module")
def played(play: Play) -> Mapping[str, Played]:
    """What an engine made of each journey."""
    return dict(zip(names(), play([game(name) for name in names()]), strict=True))


def check(expected: dict[str, Any], told: Told) -> None:
    for contact, demand in expected["demand"].items():
        was = told.demand[contact]
        origin = was.get("origin") or EMPTY
        said = {"demand": was["demand"], "link": was["link"]}
        if was["demand"] == "failure":
            said |= {"evidence": was["evidence"], "origin": origin.get("contact_id")}
        assert said == demand, contact
    for contact, customers in expected.get("ended", EMPTY).items():
        assert told.ended[contact] == customers, contact
    for contact, verdicts in expected["verdicts"].items():
        said = {window: told.verdicts.get(contact, {}).get(window, "pending") for window in verdicts}
        assert said == verdicts, contact
    for contact, place in expected.get("origin_of", EMPTY).items():
        origin = told.demand[contact]["origin"]
        assert [origin["queue"], origin["team"], origin["channel"]] == place
    for contact, by in expected.get("by", EMPTY).items():
        assert sorted(told.seen[contact]) == by
    for contact, windows in expected.get("restated", EMPTY).items():
        assert sorted(told.restated[contact]) == windows
    for contact, handled in expected.get("handled", EMPTY).items():
        assert told.handled[contact] is handled
    for window, problems in expected.get("problems", EMPTY).items():
        assert sorted(problem["contacts"] for problem in told.problems[window]) == problems["contacts"]
        assert sorted(problem["duration_ms"] / 1000 for problem in told.problems[window]) == problems["duration_s"]
    check_totals(expected, told)


def check_totals(expected: dict[str, Any], told: Told) -> None:
    for claim, verdicts in expected.get("claims", EMPTY).items():
        claimed = {
            verdict: n
            for (window, of, verdict), n in told.totals.by(m.CLAIMS, 3, 4, 5).items()
            if (window, of) == ("7d", claim)
        }
        assert claimed == verdicts
    assert told.totals.sum(m.UNLINKABLE) == expected.get("unlinkable", 0)
    assert told.totals.sum(m.OFFERED) == expected.get("offered", told.totals.sum(m.OFFERED))
    if "nudges" in expected:
        check_nudges(expected, told)
    refused = {reason: n for (reason,), n in told.totals.by(m.DEAD_LETTERS, 0).items()}
    assert refused == expected.get("refused", EMPTY)


def check_nudges(expected: dict[str, Any], told: Told) -> None:
    """Check what was told (of each nudge the fields that are expected), what was answered, and what was counted."""
    said = [
        {name: nudge[name] for name in wanted} for nudge, wanted in zip(told.nudges, expected["nudges"], strict=True)
    ]
    assert said == expected["nudges"]
    assert told.answers == expected.get("answers", told.answers[:1] if "nudges_answered" in expected else [])
    assert counts(told, m.NUDGES, 3, 4) == expected["nudge_fates"]
    assert counts(told, m.NUDGES_ANSWERED, 3, 4) == expected.get("nudges_answered", EMPTY)
    assert told.totals.sum(m.NUDGE_DELAY.sum_name) == expected.get("action_delay_s", 0) * SECOND
    in_a_week = {
        labels: n for labels, n in told.totals.by(m.NUDGED, 3, 4, 5, 6).items() if labels[:2] == ("true", "7d")
    }
    assert {"/".join(labels[2:]): n for labels, n in in_a_week.items()} == expected["responses"]


def counts(told: Told, measure: str, *labels: int) -> dict[str, int]:
    """Totals of a measure by some of its labels, but for those that were taken back."""
    return {"/".join(of): n for of, n in told.totals.by(measure, *labels).items() if n}


@pytest.mark.parametrize("name", names())
def test_journey_ends_as_expected(name: str, played: Mapping[str, Played]) -> None:
    told = told_by(played[name])
    if expected(name).get("deliberately_bad"):
        with pytest.raises(AssertionError):
            check(expected(name), told)
    else:
        check(expected(name), told)


def test_every_journey_says_what_it_is_about() -> None:
    assert all(expected(name)["about"] for name in names())
