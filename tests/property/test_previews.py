"""A nudge is told ahead of time as it will be settled, whenever all that matters to it has been read."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from hypothesis import given

from streams.domain.policy import Nudging, Policy
from streams.engines.embedded import EmbeddedEngine
from tests.journeys import LATENESS, Event, histories, wire

POLICY = Policy(nudging=Nudging(limit=1_000))
SECOND = 1_000


def live(events: list[Event]) -> Iterator[dict[str, Any]]:
    """What is told of repeats as events are read one by one, when they happen, and then settled."""
    with closing(EmbeddedEngine(":memory:", POLICY)) as engine:
        for event in events:
            engine.ingest([wire(event)], event["at"], {})
        engine.advance(events[-1]["at"] + LATENESS + SECOND)
        for _, record in engine.nudges():
            nudge = json.loads(record)
            if nudge["kind"] == "repeat":
                yield nudge


def in_turn(history: list[Event]) -> list[Event]:
    """The history with no two things at one instant, since of those it is not known which comes first."""
    return [{**event, "at": event["at"] + n} for n, event in enumerate(history)]


@given(histories())
def test_what_is_settled_was_told_ahead_of_time_and_alike(history: list[Event]) -> None:
    ahead: dict[tuple[str, str], dict[str, Any]] = {}
    for nudge in live(in_turn([event for event in history if not event["type"].startswith("case.")])):
        told = (nudge["nudge_id"], nudge["contact_id"])
        if nudge.pop("provisional", False):
            ahead[told] = nudge
        else:
            assert ahead[told] == nudge
