"""The demo's view: the same queues seen by their outputs and by their outcomes, and what to look at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from streams.cli.comparison import percent
from streams.cli.demo_feed import Script
from streams.cli.demo_figures import Interval, QueueFigures, Reading
from streams.cli.demo_pace import Pace
from streams.cli.demo_table import GOOD_RESOLUTION, GOOD_SERVICE, WINDOW, claimed, hours, in_time, table
from streams.contracts.times import EPOCH
from streams.domain.units import Millis

_BETWEEN: Final = "   "
_LEGEND: Final = (
    "Failure demand: contacts that came because an earlier one did not solve the problem. Solved: the customer did not"
    " have to come back in 7 or 30 days. Live: estimated from who comes back now; matured: what became of the contacts"
    " that have had all those days; pending: how many have not yet."
)


@dataclass(frozen=True, slots=True)
class View:
    """Renders readings of a simulation that plays a script, at a pace, and serves metrics and a board at addresses."""

    script: Script
    pace: Pace
    url: str
    board_url: str

    def render(self, reading: Reading, width: int) -> RenderableType:
        """Return a reading as people see it who have room for lines of ``width`` characters."""
        return Group(
            *_packed(self._headline(reading), width),
            Text(""),
            table(reading.queues, reading.span, width),
            Text(""),
            *self._hints(reading),
        )

    def _headline(self, reading: Reading) -> Iterator[str]:
        script = self.script
        yield f"{clock(reading.at)} (simulated)"
        if reading.at >= script.live_at:
            watched = ", while somebody looks at the board" if self.pace.is_watched else ""
            yield f"live, {self.pace.now:,.10g} x the clock{watched}"
        else:
            yield f"history, {(reading.at - script.begins) / (script.live_at - script.begins):.0%}"
        yield f"{reading.events:,} events, {reading.rate:,.0f}/s"
        yield f"{self.url}/metrics"
        yield f"board: {self.board_url}/"

    def _hints(self, reading: Reading) -> Iterator[Text]:
        yield from _green_outside_red_inside(reading.queues)
        incident = self.script.incident
        if reading.at >= incident.start:
            yield Text(
                f"Incident since {clock(incident.start)}: {incident.reason} in {incident.queue} stays unsolved. Failure"
                f" demand about it in the {hours(reading.span)}: {percent(reading.failing)}, before the incident:"
                f" {percent(reading.failing_before)}. Watch {incident.queue}: claimed solved stays high; the live"
                " estimate falls, days before the matured share can.",
                style="bold yellow",
            )
        elif reading.at >= self.script.live_at:
            yield Text(f"At {clock(incident.start)} something will go wrong in {incident.queue}.")
        yield Text(f"Ctrl-C ends the demo. {_LEGEND}", style="dim")


def clock(at: Millis) -> str:
    """Write a time for people who follow a simulation."""
    return f"{EPOCH + timedelta(milliseconds=at):%a %d %b %Y %H:%M}"


def _packed(parts: Iterator[str], width: int) -> Iterator[Text]:
    """Put parts on as few lines as they need, without breaking any."""
    line = next(parts)
    for part in parts:
        if len(line) + len(_BETWEEN) + len(part) > width:
            yield Text(line)
            line = part
        else:
            line += _BETWEEN + part
    yield Text(line)


def _green_outside_red_inside(queues: Sequence[QueueFigures]) -> Iterator[Text]:
    """Point at the queue that solves least of those that answer in time, where it is known to solve too little."""
    green = [
        (live, queue)
        for queue in queues
        if (live := queue.live.get(WINDOW)) is not None
        and live.high < GOOD_RESOLUTION
        and (in_time(queue) or 0) >= GOOD_SERVICE
    ]
    if green:
        live, queue = min(green, key=_value)
        yield Text(
            f"Look at {queue.queue}: {percent(in_time(queue))} answered in time, {percent(claimed(queue))} claimed"
            f" solved; yet only {percent(live.value)} stay solved for a week.",
            style="bold",
        )


def _value(found: tuple[Interval, QueueFigures]) -> float:
    return found[0].value
