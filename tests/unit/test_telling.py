"""What is told again of a contact, because later facts make it another thing than was said."""

import json
from contextlib import closing

import pytest

from streams.domain.policy import Policy
from streams.domain.units import HOUR, MINUTE
from streams.engines.embedded import EmbeddedEngine
from tests.calls import ended, event, offered, play
from tests.journeys import START


@pytest.mark.parametrize("customer", ["anna", None])
def test_another_reason_for_the_same_demand_is_told(customer: str | None) -> None:
    events = [
        offered("c", customer, START, case_id="k"),
        ended("c", START + MINUTE),
        event("contact.updated", START + HOUR, "updated", contact_id="c", reason="other"),
    ]
    with closing(EmbeddedEngine(":memory:", Policy())) as engine:
        play(engine, events, START + 2 * HOUR)
        told = [json.loads(record) for _, record in engine.outcomes()]
    demands = [record for record in told if record["type"] == "demand.classified"]
    assert [(record["demand"], record["reason"]) for record in demands] == [
        ("unclassified", "invoice"),
        ("unclassified", "other"),
    ]
    assert demands[1]["restates"] == {"demand": "unclassified", "link": demands[0]["link"]}
