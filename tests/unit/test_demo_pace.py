"""The demo's pace: as asked while nobody looks at the board, slow while somebody does."""

import asyncio
from itertools import pairwise

import pytest
from starlette.types import Message, Receive, Scope, Send

from streams.cli import demo_pace
from streams.cli.demo_feed import Script
from streams.cli.demo_pace import WATCHED, Pace
from streams.contracts.times import EPOCH
from streams.domain.units import DAY, HOUR, MINUTE

SCRIPT = Script.written(1_795_000_000_000, weeks=1)


class Clock:
    at = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(demo_pace, "monotonic", clock)
    return clock


async def nothing_comes() -> Message:
    raise AssertionError


async def nobody_reads(_: Message) -> None:
    raise AssertionError


def request(pace: Pace, kind: str = "http") -> list[float]:
    """Return the paces while a request is under way."""
    paces = []

    async def app(_: Scope, __: Receive, ___: Send) -> None:
        paces.append(pace.now)

    asyncio.run(pace.watching(app)({"type": kind}, nothing_comes, nobody_reads))  # type: ignore[arg-type]
    return paces


@pytest.mark.parametrize(("speed", "watched"), [(7200.0, WATCHED), (1.0, 1.0)])
def test_time_slows_down_while_somebody_looks_and_for_a_while_after(clock: Clock, speed: float, watched: float) -> None:
    pace = Pace(speed)
    assert pace.now == speed
    assert request(pace) == [watched]
    clock.at += 5
    assert pace.now == watched, "who goes from page to page does not leave"
    clock.at += 6
    assert pace.now == speed


def test_the_life_of_the_server_itself_is_no_look(clock: Clock) -> None:
    assert clock.at
    pace = Pace(7200)
    assert request(pace, "lifespan") == [7200]
    assert not pace.is_watched


def test_who_looks_sees_working_days_alone() -> None:
    monday = SCRIPT.live_at // DAY * DAY - ((SCRIPT.live_at // DAY + 3) % 7) * DAY
    week = [SCRIPT.busy_from(monday + n * 30 * MINUTE) for n in range(7 * 48)]
    assert {(EPOCH.fromtimestamp(at / 1000, EPOCH.tzinfo)).weekday() for at in week} == {0, 1, 2, 3, 4}
    assert {at // HOUR % 24 for at in week} == set(range(8, 18))
    assert all(one <= other for one, other in pairwise(week))
    assert week[20] == monday + 10 * HOUR, "in working hours nothing is skipped"
    assert SCRIPT.busy_from(monday + 4 * DAY + 18 * HOUR) == monday + 7 * DAY + 8 * HOUR
