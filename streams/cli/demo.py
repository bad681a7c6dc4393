"""``demo``: a simulated contact centre, seen by its outputs and by its outcomes at once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from math import inf
from socket import socket
from threading import Event
from time import monotonic
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.live import Live

from streams.bootstrap import make_exporter, wall_clock
from streams.cli.consoles import console, note
from streams.cli.demo_centre import simulated
from streams.cli.demo_feed import Feed, Script
from streams.cli.demo_pace import Pace
from streams.cli.demo_view import View
from streams.cli.options import ConfigDir, settings_of
from streams.cli.serving import listen, serving
from streams.cli.stopping import stopping
from streams.exporter.http import create_app

_HOST: Final = "127.0.0.1"
_PORT: Final = 8088
_PORTS: Final = 50
_FRAME_S: Final = 0.25
_PLAIN_FRAME_S: Final = 3.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(  # noqa: PLR0913 - one for each option
    *,
    speed: Annotated[float, typer.Option(min=1, help="Simulated seconds in a second, once history is over.")] = 7200,
    seed: Annotated[int, typer.Option(help="Another seed, other customers.")] = 1,
    port: Annotated[
        int,
        typer.Option(min=0, help="Port for /metrics, and the next for the board, or those that are free; 0 for any."),
    ] = _PORT,
    weeks: Annotated[int, typer.Option(min=1, max=26, help="Weeks of history; 30 days need five to mature.")] = 5,
    seconds: Annotated[float | None, typer.Option(min=0, help="End by itself after this time.")] = None,
    config: ConfigDir = None,
) -> None:
    """Show a simulated contact centre by its outputs and by its outcomes, live, with metrics to scrape and a board.

    Some weeks of history go first, in front of your eyes; then life goes on, faster than the clock, and something goes
    wrong that only the outcomes show. Nothing is kept when it ends.

    The board is that of the team leads, and you may act as one. While a browser shows it, time passes at 30 times the
    clock at most, so that a nudge, good for half an hour, stays for a minute; nights and weekends are skipped.

    Example: outcome-monitor demo --speed 3600
    """
    settings = settings_of(config)
    to = console()
    with ExitStack() as stack:
        stop = stack.enter_context(stopping())
        ours, boards = _listening(stack, port)
        script, pace = Script.written(wall_clock(), weeks), Pace(speed)
        engine, feed, board = stack.enter_context(simulated(settings, script, seed, pace, stop))
        server = stack.enter_context(serving(create_app(make_exporter(settings, engine.ledger)), ours))
        if port and not server.url.endswith(f":{port}"):
            note(f"port {port} is taken; metrics are at {server.url}/metrics instead")
        board_server = stack.enter_context(serving(pace.watching(board.app), boards, lifespan="on"))
        stack.callback(board.close)
        stack.enter_context(_feeding(feed))
        view = View(script, pace, server.url, board_server.url)

        def check() -> None:
            if feed.error is not None:
                raise feed.error
            server.check()
            board_server.check()
            board.check()

        _show(to, view, feed, check, inf if seconds is None else monotonic() + seconds)


def _listening(stack: ExitStack, port: int) -> tuple[socket, socket]:
    """Return where metrics are served and where the board is, until the stack unwinds."""
    tries = _PORTS if port else 1
    metrics = listen(_HOST, port, tries=tries)
    stack.callback(metrics.close)
    board = listen(_HOST, port and metrics.getsockname()[1] + 1, tries=tries)
    stack.callback(board.close)
    return metrics, board


@contextmanager
def _feeding(feed: Feed) -> Iterator[None]:
    thread = feed.start()
    try:
        yield
    finally:
        feed.stop.set()
        thread.join()


def _show(to: Console, view: View, feed: Feed, check: Callable[[], None], ends: float) -> None:
    """Show the view until asked to stop, or until time is up: in place on a terminal, else again and again."""
    if not to.is_terminal:
        printed = monotonic()
        while _goes_on(feed.stop, check, ends):
            if monotonic() - printed >= _PLAIN_FRAME_S:
                printed = monotonic()
                to.print(view.render(feed.readings.latest, to.width))
                to.print()
        return
    with Live(console=to, auto_refresh=False) as live:
        while _goes_on(feed.stop, check, ends):
            live.update(view.render(feed.readings.latest, to.width), refresh=True)


def _goes_on(stop: Event, check: Callable[[], None], ends: float) -> bool:
    """Wait for the next frame; say whether there is one."""
    stop.wait(min(_FRAME_S, max(ends - monotonic(), 0)))
    check()
    return not stop.is_set() and monotonic() < ends
