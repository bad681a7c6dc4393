"""How agents spend their time is counted alike, however often the same is told and wherever a log is cut."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from streams.contracts.encode import encode
from streams.domain import measures as m
from streams.domain.events import AgentStateChanged, ClockTicked, Event, StaffJoined
from streams.domain.ledger import Entry
from streams.domain.policy import Policy
from streams.domain.units import DAY, HOUR, SECOND, Millis
from tests.histories import START
from tests.partitions import Partitions

NOW = START + DAY


def handles(event_id: str, at: Millis) -> Event:
    return AgentStateChanged(event_id, at, "test", "ann", "care", "handling")


def rests(event_id: str, at: Millis) -> Event:
    return AgentStateChanged(event_id, at, "test", "ann", "care", "break")


def tick(at: Millis) -> Event:
    return ClockTicked(f"tick-{at}", at, "test")


def counted(folder: Path, events: Sequence[Event], *, batch: int = 1000, restart_after: int = 0) -> dict[str, Entry]:
    """Return what is counted of agents, by measure and its last label."""
    with closing(Partitions(folder, Policy(), 1)) as partitions:
        for n, event in enumerate(events, 1):
            partitions.append([("ann", encode(event))], NOW)
            if n == restart_after:
                partitions.finish(batch)
                partitions.restart(0)
        partitions.finish(batch)
        own = (m.AGENT_TIME, m.STAFF_JOINED, m.DUPLICATES)
        return {
            f"{entry.series.name} {entry.series.labels[-1]}": entry
            for entry in partitions.entries()
            if entry.series.name in own
        }


def test_an_agent_whose_time_to_be_known_has_passed_is_new_whether_let_go_of_or_not(tmp_path: Path) -> None:
    long_ago = START - 11 * 365 * DAY
    events = [
        *(tick(START), tick(START + 1)),
        *(handles("late", long_ago), rests("back", START + HOUR)),
        *(tick(START + HOUR + 1), tick(START + 2 * HOUR)),
    ]
    assert counted(tmp_path / "whole", events) == counted(tmp_path / "single", events, batch=1) == {}


def test_an_event_that_is_told_again_with_another_time_counts_once(tmp_path: Path) -> None:
    events = [
        StaffJoined("joined", START, "test", "ann", "care"),
        StaffJoined("joined", START + 8 * SECOND, "test", "ann", "care"),
        tick(START + HOUR),
    ]
    assert counted(tmp_path, events)[f"{m.STAFF_JOINED} care"].net == 1


def test_an_event_that_is_told_again_with_another_time_counts_alike_after_a_restart(tmp_path: Path) -> None:
    events = [
        handles("first", START + 9 * SECOND),
        *(handles("again", START + SECOND), rests("again", START + 8 * SECOND)),
        *(handles("last", START + 15 * SECOND), tick(START + HOUR)),
    ]
    disturbed = counted(tmp_path / "disturbed", events, restart_after=4)
    assert disturbed == counted(tmp_path / "calm", events)
    assert f"{m.AGENT_TIME} break" not in disturbed
