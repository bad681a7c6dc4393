"""What workers keep and tell each other says which layout it is in: another is refused, never misread."""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.encode import encode
from streams.contracts.times import rfc3339
from streams.domain.events import ClockTicked
from streams.domain.policy import Policy
from streams.domain.units import DAY, HOUR, MINUTE, Millis
from streams.engines.kafka import layout
from streams.engines.kafka.keeping import PROGRESS, pack_time
from streams.engines.port import StorageError
from tests.histories import START, contact
from tests.partitions import Partitions

NOW = START + 4 * DAY
KEPT = Path(__file__).parents[1] / "golden" / "kafka_layout.json"


def event(kind: str, at: Millis, **more: object) -> tuple[str, bytes]:
    head = {"event_id": f"{kind}-{at}", "type": kind, "occurred_at": rfc3339(at), "source": "test"}
    return "k", json.dumps(head | more).encode()


def played(folder: Path) -> Partitions:
    """Let a customer come back, a team lead act on it, an agent take a break, a queue have a spike."""
    partitions = Partitions(folder, Policy(), 1)
    back = START + 2 * DAY
    partitions.append([("k", one) for one in contact("a1", START, customer="ann")], NOW)
    partitions.append([("k", one) for one in contact("a2", back, customer="ann")[:2]], NOW)
    spike = {"queue": "billing", "reason": "invoice", "since": rfc3339(back - HOUR), "contacts": 9, "expected": 1.5}
    acted = {"nudge_id": "repeat:a2", "actor": "lead", "action": "acted"}
    partitions.append(
        [
            event("action.taken", back + MINUTE, **acted),
            event("agent.state", back + MINUTE, agent_id="agent", team="blue", state="break"),
            event("staff.joined", back + MINUTE, agent_id="agent", team="blue"),
            event("demand.spiked", back + MINUTE, **spike),
            event("outcome.denied", back + MINUTE, customer_id="ann", contact_id="a1"),
        ],
        NOW,
    )
    partitions.append([("k", one) for one in contact("a3", back + HOUR, customer="ann")], NOW)
    tick(partitions, back + 30 * HOUR)
    partitions.finish()
    return partitions


def tick(partitions: Partitions, at: Millis) -> None:
    for again in range(2):
        partitions.tick(lambda p: encode(ClockTicked(f"tick-{at}-{again}-{p}", at, "test")), NOW)  # noqa: B023 - at once


@pytest.fixture
def partitions(tmp_path: Path) -> Iterator[Partitions]:
    with closing(played(tmp_path)) as partitions:
        yield partitions


def shape(plain: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what kind of thing stands where."""
    if isinstance(plain, list):
        return [shape(one) for one in plain]
    return f"{{{', '.join(sorted(plain))}}}" if isinstance(plain, dict) else type(plain).__name__


def shapes(partitions: Partitions) -> dict[str, list[Any]]:
    """Return the shapes of all that is kept, by the letter that its keys begin with, and of what is told."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    told = ((b"facts", record.value) for record in partitions.facts[0])
    for key, value in (*partitions.state[0], *told):
        if value is None:
            continue
        name = key.decode() if key == b"facts" else key[:1].decode()
        is_state = name not in {"facts", PROGRESS.decode(), "t"}
        body = value[len(pack_time(0)) :] if is_state else value
        plain = json.loads(body if is_state or name == "t" else layout.unmark(body, name))
        found[name].append(shape(plain))
    return {name: sorted(map(json.loads, set(map(json.dumps, each))), key=json.dumps) for name, each in found.items()}


def test_what_is_kept_has_the_shape_of_its_layout(partitions: Partitions) -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    now = {"layout": layout.LAYOUT, "shapes": shapes(partitions)}
    if kept["layout"] != layout.LAYOUT:
        pytest.fail(f"a new layout? then {KEPT.name} is to become:\n{json.dumps(now, sort_keys=True)}")
    assert now["shapes"] == kept["shapes"], "has another shape: raise LAYOUT, so that what is there is not misread"


@pytest.mark.parametrize("said", [b"%d " % (layout.LAYOUT + 1), b"0 ", b"", b"x ", b"9" * 30 + b" "])
def test_state_of_another_layout_is_refused(partitions: Partitions, said: bytes) -> None:
    was = partitions.units[0].progress.dump()
    partitions.state[0].append((PROGRESS, said + layout.unmark(was, "state")))
    with pytest.raises(StorageError, match=r"state: written by another version of the monitor .*name another"):
        partitions.restart(0)


def test_facts_of_another_layout_are_refused(partitions: Partitions) -> None:
    tick(partitions, NOW)
    partitions.step(0, 1000, 0)
    last = partitions.facts[0][-1]
    assert last.value is not None
    partitions.facts[0][-1] = last._replace(value=b"7 " + layout.unmark(last.value, "facts"))
    with pytest.raises(
        StorageError, match=r"facts: written by another version of the monitor \(layout 7, this one has"
    ):
        partitions.step(0, 0, 1000)


@pytest.mark.parametrize("said", [b"", b"{}", b"[0,1]", b"[0,1,[[99]]]", b"[0,1,[[-1,1]]]", b"\xff"])
def test_facts_that_cannot_be_read_end_a_worker_with_their_place(partitions: Partitions, said: bytes) -> None:
    tick(partitions, NOW)
    partitions.step(0, 1000, 0)
    last = partitions.facts[0][-1]
    partitions.facts[0][-1] = last._replace(value=layout.mark(said))
    with pytest.raises(StorageError, match=rf"facts: the record at offset {last.offset} can't be read"):
        partitions.step(0, 0, 1000)
