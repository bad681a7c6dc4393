"""A nudge is told ahead of time as it will be settled, whenever all that matters to it has been read."""

import json
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby, islice
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.policy import Nudging, Policy
from streams.domain.units import MINUTE, SECOND
from streams.engines.embedded import EmbeddedEngine
from tests.journeys import LATENESS, Event, histories, wire

Key = tuple[str, str, str]
POLICY = Policy(nudging=Nudging(limit=1_000))


def live(events: list[Event], together: int = 1) -> Iterator[dict[str, Any]]:
    """What is told of repeats as events are read when they happen, so many of a minute together, and then settled."""
    with closing(EmbeddedEngine(":memory:", POLICY)) as engine:
        for _, of_a_minute in groupby(events, key=lambda event: event["at"] // MINUTE):
            while read := list(islice(of_a_minute, together)):
                engine.ingest([wire(event) for event in read], read[-1]["at"], {})
        engine.advance(events[-1]["at"] + LATENESS + SECOND)
        for _, record in engine.nudges():
            nudge = json.loads(record)
            if nudge["kind"] == "repeat":
                yield nudge


def key(nudge: dict[str, Any]) -> Key:
    """What a nudge is about: a contact that turns out to be another customer's is nudged for again."""
    return nudge["nudge_id"], nudge["contact_id"], nudge["customer_id"]


def in_turn(history: list[Event]) -> list[Event]:
    """What is of contacts, no two things at one instant, since of those it is not known which comes first."""
    of_contacts = (event for event in history if not event["type"].startswith("case."))
    return [{**event, "at": event["at"] + n} for n, event in enumerate(of_contacts)]


@given(histories())
def test_what_is_settled_was_told_ahead_of_time_and_alike(history: list[Event]) -> None:
    ahead: dict[Key, dict[str, Any]] = {}
    for nudge in live(in_turn(history)):
        if nudge.pop("provisional", False):
            ahead[key(nudge)] = nudge
        else:
            assert ahead[key(nudge)] == nudge


@given(histories(), st.integers(2, 12))
def test_what_is_told_ahead_of_time_is_settled_alike_whatever_is_read_together(
    history: list[Event], together: int
) -> None:
    nudges = list(live(in_turn(history), together))
    settled = {key(nudge): nudge for nudge in nudges if not nudge.get("provisional")}
    for nudge in nudges:
        if nudge.pop("provisional", False):
            assert settled[key(nudge)] == nudge
