"""Who is forgotten is forgotten at a time that the log tells, not when it happens to be let go of."""

from contextlib import closing
from pathlib import Path

from streams.contracts.encode import encode
from streams.domain import measures as m
from streams.domain.events import ClockTicked, ContactOffered, Event
from streams.domain.ledger import Entry
from streams.domain.policy import Policy
from streams.domain.units import DAY, HOUR, Millis
from tests.histories import START
from tests.partitions import Partitions


def offered(contact: str, at: Millis) -> Event:
    return ContactOffered(f"offered-{contact}", at, "test", contact, "voice", "ann", "billing", case_id="c")


def hours(at: Millis, count: int) -> list[Event]:
    return [ClockTicked(f"tick-{at}-{n}", at + n * HOUR, "test") for n in range(count)]


def counted(folder: Path, events: list[Event], batch: int) -> list[Entry]:
    with closing(Partitions(folder, Policy(open_contact_expiry=2 * DAY), 1)) as partitions:
        partitions.append([("ann", encode(event)) for event in events], START + 10 * DAY)
        partitions.finish(batch)
        return sorted(partitions.entries())


def test_a_contact_that_never_ends_is_forgotten_in_time_also_within_the_longest_window(tmp_path: Path) -> None:
    events = [offered("first", START), *hours(START, 5 * 24), offered("again", START + 5 * DAY)]
    events += hours(START + 5 * DAY, 24)
    at_once = counted(tmp_path / "whole", events, 1000)
    assert at_once == counted(tmp_path / "single", events, 1)
    demand = {entry.series.labels[4:6] for entry in at_once if entry.series.name == m.DEMAND}
    assert demand == {("unclassified", "none")}
