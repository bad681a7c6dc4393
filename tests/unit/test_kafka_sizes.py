"""However much is said in the events of a batch, brokers take each record that comes of it."""

from collections import Counter
from contextlib import closing
from pathlib import Path

from streams.contracts.encode import encode
from streams.domain.events import ActionTaken, ClockTicked, ContactOffered, Event
from streams.domain.policy import Policy
from streams.domain.units import HOUR, MINUTE
from tests.histories import START
from tests.partitions import Partitions

NOW = START + HOUR
BROKERS_TAKE = 1024 * 1024
LONG_NOTE = "\x01" * 2000
"""It takes six bytes a character in JSON."""


def offered(contact: str, customer: str, at: int) -> Event:
    return ContactOffered(f"o-{contact}", at, "test", contact, "voice", customer, "billing", reason="invoice")


def play(folder: Path, batch: int) -> tuple[list[int], Counter[bytes]]:
    """Have nudges answered at length; return the size of the largest state and of the largest facts, and outcomes."""
    with closing(Partitions(folder, Policy(), 1)) as partitions:

        def tell(*events: Event) -> None:
            partitions.append([("k", encode(event)) for event in events], NOW)
            partitions.finish(batch)

        customers = ["ann", "bea", "cem"]
        tell(*(offered(f"{name}1", name, START) for name in customers))
        tell(*(offered(f"{name}2", name, START + MINUTE) for name in customers))
        tell(ClockTicked("t1", START + 2 * MINUTE, "test"))
        answers = [
            ActionTaken(f"{name}-{n}", START + 3 * MINUTE + n, "test", f"repeat:{name}2", "lead", "acted", LONG_NOTE)
            for name in customers
            for n in range(95)
        ]
        tell(*answers, ClockTicked("t2", START + 5 * MINUTE, "test"))
        kept = [len(value) for _, value in partitions.state[0] if value is not None]
        told = [len(record.value) for record in partitions.facts[0] if record.value is not None]
        return [max(kept), max(told)], Counter(partitions.outcomes)


def test_what_is_told_at_length_is_parted_and_no_note_is_kept(tmp_path: Path) -> None:
    sizes, outcomes = play(tmp_path / "whole", 1000)
    assert max(sizes) < BROKERS_TAKE
    assert sum(b"nudge.answered" in outcome for outcome in outcomes.elements()) == 285
    assert outcomes == play(tmp_path / "single", 1)[1]
