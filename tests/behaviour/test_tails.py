"""What a board reads of each engine comes to the same."""

import asyncio
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from streams.board.counts import Scope
from streams.board.model import Centre, Model
from streams.board.tail import Tail
from streams.domain.policy import Policy
from streams.domain.units import DAY, Millis
from streams.engines.embedded import EmbeddedEngine
from streams.engines.embedded.tail import EmbeddedTail
from streams.engines.kafka.tail import TopicTail
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.presets import demo_plan
from tests import brokers
from tests.site import Site, Working, make_config

START: Millis = 1_767_571_200_000  # a Monday
UNTIL: Millis = START + DAY
POLICY = Policy()
LOOKS = 100
"""How often topics are looked at, until brokers have told of what there is."""
LOG = [one.raw for one in simulate(demo_plan(), 7, START, 400)]


async def read(tail: Tail, model: Model) -> None:
    """Have a board's model take all that there is."""
    at_end = False
    while not at_end:
        batch = await tail.read()
        assert model.fold(batch.records) == []
        at_end = batch.at_end


def shown(model: Model) -> Mapping[str, Any]:
    """What boards are made of."""
    everywhere = Scope()
    contacts = {contact.contact_id: (contact.arrival, contact.end, contact.verdicts) for contact in model.contacts}
    nudges = {nudge.nudge_id for nudge, _ in model.nudges.about(set(contacts)) if not nudge.provisional}
    done = {(answer.nudge_id, answer.action) for answer in model.nudges.done(everywhere, START)}
    return {"counts": model.counts.every(), "contacts": contacts, "nudges": nudges, "done": done}


def of_a_file(path: str) -> Mapping[str, Any]:
    model = Model(Centre(), str.upper)
    with closing(EmbeddedEngine(path, POLICY)) as engine:
        engine.ingest(LOG, UNTIL, {})
        engine.advance(UNTIL)
        with closing(EmbeddedTail(path)) as tail:
            asyncio.run(read(tail, model))
    return shown(model)


async def of_topics(site: Site, expected: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read topics until they show what is expected, or nothing more comes of them."""
    model = Model(Centre(), str.upper)
    tail = TopicTail(site.config, START)
    stopped = False
    keeping = asyncio.create_task(tail.keep(lambda: stopped))
    await asyncio.wrap_future(tail.begun)
    await read(tail, model)  # the mock cluster finds no place by time: it begins where there is nothing yet
    await site.produce(LOG)
    await site.tick(UNTIL + POLICY.lateness)
    async with Working(site.config, POLICY) as working:
        await working.settled(site, UNTIL)
    for _ in range(LOOKS):
        await read(tail, model)
        if shown(model) == expected:
            break
    await read(tail, model)
    stopped = True
    await keeping
    return shown(model)


@pytest.mark.parametrize("broker", ["kafka", "mock_kafka"])
def test_a_board_comes_to_the_same_on_a_file_and_on_topics(
    broker: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address: str = request.getfixturevalue(broker)
    site = Site(make_config(address, tmp_path / "state", brokers.MOCKED_PARTITIONS, cache=8 << 20))
    asyncio.run(site.create() if broker == "kafka" else site.find())
    expected = of_a_file(str(tmp_path / "monitor.db"))
    assert all(len(part) > 0 for part in expected.values() if part is not expected["done"])
    assert asyncio.run(of_topics(site, expected)) == expected
