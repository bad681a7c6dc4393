"""The demo's view: it fits into any terminal, and never cuts a number or a name."""

import re
from collections.abc import Mapping
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from streams.cli.demo_feed import Script
from streams.cli.demo_figures import Interval, QueueFigures, Reading
from streams.cli.demo_pace import Pace
from streams.cli.demo_view import View
from streams.domain.units import DAY, HOUR, MINUTE

SCRIPT = Script.written(1_795_000_000_000, weeks=5)
VIEW = View(SCRIPT, Pace(7200), "http://127.0.0.1:8088", "http://127.0.0.1:8089")
WIDTHS = [60, 80, 100, 120, 200]


def figures(queue: str, live: Interval, answered_in_time: float = 0.9731) -> QueueFigures:
    legacy: Mapping[str, Any] = {
        "service_level": {"answered_in_threshold/(answered+abandoned)": answered_in_time},
        "average_handle_s": 806.0,
        "abandonment": 0.1193,
        "claimed_resolved": 0.9867,
    }
    day = {"contacts": {"offered": 2231}, "legacy": legacy}
    return QueueFigures(queue, day, 0.3471, {"7d": live}, {"7d": 0.6172, "30d": 0.6144}, {"7d": 1785})


BAD, GOOD = Interval(0.5831, 0.51, 0.66), Interval(0.9024, 0.82, 0.95)
READING = Reading(
    SCRIPT.incident.start + 30 * HOUR,
    DAY + 12 * MINUTE,
    [figures("billing", BAD), figures("onboarding", GOOD)],
    failing=0.409,
    failing_before=0.183,
    events=199_347,
    rate=532,
)


def shown(reading: Reading, width: int) -> str:
    out = StringIO()
    console = Console(file=out, width=width, no_color=True, force_terminal=False)
    console.print(VIEW.render(reading, console.width))
    return out.getvalue()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_at_any_width(width: int) -> None:
    text = shown(READING, width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    for name, live, interval in (("billing", "58.3 %", "51-66 %"), ("onboarding", "90.2 %", "82-95 %")):
        row = re.search(rf"^{name} .*$", text, re.MULTILINE)
        assert row
        assert all(cell in row[0] for cell in ("97.3 %", "98.7 %", "34.7 %"))
        assert all(cell in row[0] for cell in (live, interval, "61.7 %"))
    assert "http://127.0.0.1:8088/metrics" in text
    assert "board: http://127.0.0.1:8089/" in text


def test_what_matters_least_goes_first_where_room_is_short() -> None:
    columns = [[cell for cell in ("1,785", "11.9 %", "806 s", "61.4 %", "2,231") if cell in shown(READING, width)]
               for width in WIDTHS]  # fmt: skip
    assert columns == [
        [],
        ["2,231"],
        ["11.9 %", "806 s", "61.4 %", "2,231"],
        ["1,785", "11.9 %", "806 s", "61.4 %", "2,231"],
        ["1,785", "11.9 %", "806 s", "61.4 %", "2,231"],
    ]


@pytest.mark.parametrize("width", [1, 20, 40])
def test_even_the_narrowest_terminal_gets_a_view(width: int) -> None:
    assert "…" not in shown(READING, width)


def test_the_text_tells_of_the_same_span_as_the_table() -> None:
    text = " ".join(shown(READING, 120).split())
    assert "OUTPUTS last 24 h" in text
    assert "Failure demand about it in the last 24 h: 40.9 %, before the incident: 18.3 %" in text


def test_a_queue_is_pointed_at_only_where_it_surely_solves_too_little() -> None:
    def look(live: Interval, in_time: float = 0.95) -> bool:
        return "Look at" in shown(Reading(SCRIPT.live_at, DAY, [figures("cards", live, in_time)]), 120)

    assert look(Interval(0.58, 0.5, 0.66))
    assert not look(Interval(0.75, 0.6, 0.85))
    assert not look(Interval(0.58, 0.5, 0.66), in_time=0.5)


def test_before_the_first_reading_there_is_a_clock() -> None:
    assert "(simulated)   history, 0%   0 events, 0/s" in shown(Reading(SCRIPT.begins), 120)
