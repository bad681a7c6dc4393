"""What is told of a contact: again, where later facts make it another thing than was said; and under which key."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from streams.contracts.encode import encode
from streams.domain import measures as m
from streams.domain.events import ClockTicked
from streams.domain.policy import Policy
from streams.domain.units import HOUR, MINUTE
from streams.engines.embedded import EmbeddedEngine
from tests.calls import ended, event, offered, play
from tests.journeys import START, wire
from tests.partitions import Partitions


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


def test_a_strangers_contact_is_told_of_on_kafka_by_its_own_key_in_the_step_that_counts_it(tmp_path: Path) -> None:
    call = [offered("c", None, START), ended("c", START + MINUTE)]
    with closing(Partitions(tmp_path, Policy(), 2)) as partitions:
        partitions.append([("c", wire(one)) for one in call], START)
        partitions.tick(lambda p: encode(ClockTicked(f"tick-{p}", START + HOUR, "test")), START)
        steps = [unit.process(partitions.events[p], []) for p, unit in enumerate(partitions.units)]
    told = [step for step in steps if step is not None and step.outcomes]
    assert [[key for key, _ in step.outcomes] for step in told] == [[b"c"] * 3]
    assert any(m.UNLINKABLE.encode() in key for key, _ in told[0].ledger)
