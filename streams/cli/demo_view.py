"""The demo's view: the same queues seen by their outputs and by their outcomes, and what to look at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from streams.cli.comparison import percent
from streams.cli.demo_feed import Feed
from streams.cli.demo_figures import Figures, Interval, QueueFigures
from streams.contracts.times import EPOCH
from streams.domain.units import HOUR, Millis

_GOOD_SERVICE: Final = 0.8
_GOOD_RESOLUTION: Final = 0.8
_AT_LEAST_S: Final = 1.0
_SHARE_OF_TIME: Final = 0.2
"""How much of the time reading figures may take, so that it does not slow down what it shows."""

_SERVICE: Final = "answered_in_threshold/(answered+abandoned)"
_WINDOW, _LONGEST = "7d", "30d"


@dataclass(slots=True)
class View:
    """Renders the state of the demo. Figures are read anew now and then; the clock at each rendering."""

    feed: Feed
    figures: Figures
    url: str
    _queues: Sequence[QueueFigures] = ()
    _incident: tuple[float | None, float | None] = (None, None)
    _next: float = 0.0
    _begun: float = 0.0
    _rate: float = 0.0
    _counted: tuple[float, int] = (0.0, 0)

    def look(self) -> None:
        """Take note of what happens; to be called several times a second."""
        self.figures.remember(self.feed.now)

    def render(self) -> RenderableType:
        """Return the view as it is now."""
        if monotonic() >= self._next:
            self._read()
        return Group(Text(self._headline(), no_wrap=True), Text(""), self._table(), Text(""), *self._hints())

    def _read(self) -> None:
        begun = monotonic()
        now, events = self.feed.now, self.feed.events
        incident = self.feed.script.incident
        self._queues = self.figures.read(now)
        self._incident = self.figures.failure_share(incident.queue, incident.reason)
        at, before = self._counted
        self._rate = (events - before) / (begun - at) if at else 0.0
        self._counted = begun, events
        self._next = monotonic() + max(_AT_LEAST_S, (monotonic() - begun) / _SHARE_OF_TIME)

    def _headline(self) -> str:
        feed, script = self.feed, self.feed.script
        if feed.live:
            phase = f"live, {feed.speed:g} x the clock"
        else:
            phase = f"history, {(feed.now - script.begins) / (script.live_at - script.begins):.0%}"
        return (
            f"{clock(feed.now)} (simulated)   {phase}   {feed.events:,} events, {self._rate:,.0f}/s  "
            f" {self.url}/metrics"
        )

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 1))
        hours = (self.feed.now - self.figures.day_began) // HOUR
        table.add_column("\n\nqueue")
        for heading in (
            "OUTPUTS\n\noffered", f"last {hours} h\nin\ntime", "\n\nAHT", "\naban-\ndoned", "\nclaimed\nsolved",
        ):  # fmt: skip
            table.add_column(heading, justify="right", style="cyan", no_wrap=True)
        for heading in (
            "OUTCOMES\nfailure\ndemand", "stay solved\n7 d, live\nestimate", "\n95 %\ninterval",
            "\n7 d\nmatured", "\n30 d\nmatured", "\n7 d\npending",
        ):  # fmt: skip
            table.add_column(heading, justify="right", no_wrap=True)
        for queue in self._queues:
            table.add_row(*_cells(queue))
        return table

    def _hints(self) -> Iterator[Text]:
        yield from _green_outside_red_inside(self._queues)
        incident = self.feed.script.incident
        day, before = self._incident
        if self.feed.now >= incident.start:
            yield Text(
                f"Incident since {clock(incident.start)}: {incident.reason} in {incident.queue} stays unsolved. Failure"
                f" demand about it\nin the last day: {percent(day)}, before: {percent(before)}."
                f" Watch {incident.queue}: in time as ever, solved less and less.",
                style="bold yellow",
            )
        elif self.feed.live:
            yield Text(f"At {clock(incident.start)} something will go wrong in {incident.queue}.")
        yield Text("Ctrl-C ends the demo.", style="dim")


def clock(at: Millis) -> str:
    """Write a time for people who follow a simulation."""
    return f"{EPOCH + timedelta(milliseconds=at):%a %d %b %Y %H:%M}"


def _cells(queue: QueueFigures) -> Iterator[RenderableType]:
    legacy = queue.day["legacy"]
    live = queue.live.get(_WINDOW)
    handle_s = legacy["average_handle_s"]
    yield queue.queue
    yield f"{queue.day['contacts']['offered']:,}"
    yield _coloured(legacy["service_level"][_SERVICE], _GOOD_SERVICE)
    yield "-" if handle_s is None else f"{handle_s:,.0f} s"
    yield percent(legacy["abandonment"])
    yield percent(legacy["claimed_resolved"])
    yield percent(queue.failure_demand)
    yield _coloured(None if live is None else live.value, _GOOD_RESOLUTION)
    yield _interval(live)
    yield _coloured(queue.matured.get(_WINDOW), _GOOD_RESOLUTION)
    yield _coloured(queue.matured.get(_LONGEST), _GOOD_RESOLUTION)
    yield f"{queue.pending.get(_WINDOW, 0):,}"


def _coloured(share: float | None, good: float) -> Text:
    if share is None:
        return Text("-")
    return Text(percent(share), style="green" if share >= good else "red")


def _interval(live: Interval | None) -> str:
    return "-" if live is None else f"{100 * live.low:.0f}-{100 * live.high:.0f} %"


def _green_outside_red_inside(queues: Sequence[QueueFigures]) -> Iterator[Text]:
    """Point at the queue that solves least of those that answer in time."""
    green = [
        (resolution, queue)
        for queue in queues
        if (resolution := _resolution(queue)) is not None
        and (queue.day["legacy"]["service_level"][_SERVICE] or 0) >= _GOOD_SERVICE
    ]
    if green:
        resolution, queue = min(green, key=lambda pair: pair[0])
        legacy = queue.day["legacy"]
        yield Text(
            f"Look at {queue.queue}: {percent(legacy['service_level'][_SERVICE])} answered in time,"
            f" {percent(legacy['claimed_resolved'])} claimed resolved; yet only {percent(resolution)} stay solved for"
            " a week.",
            style="bold",
        )


def _resolution(queue: QueueFigures) -> float | None:
    live = queue.live.get(_WINDOW)
    return queue.matured.get(_WINDOW) if live is None else live.value
