"""The demo's contact centre, put together: an engine, what is simulated into it, and a board on what comes of that."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import NamedTuple

from streams.board.app import Board
from streams.bootstrap import make_spotter, open_scratch_engine
from streams.bootstrap.access import local_access
from streams.bootstrap.board import make_board
from streams.cli.demo_feed import Feed, Script
from streams.cli.demo_figures import Figures, Reading
from streams.cli.demo_pace import Pace
from streams.cli.demo_readings import Readings
from streams.engines.embedded import EmbeddedEngine
from streams.engines.embedded.tail import EmbeddedTail
from streams.settings import Settings


class Centre(NamedTuple):
    """A simulated centre: what it is processed by, what feeds that, and its board, which nobody serves yet."""

    engine: EmbeddedEngine
    feed: Feed
    board: Board


@contextmanager
def simulated(settings: Settings, script: Script, seed: int, pace: Pace, stop: Event) -> Iterator[Centre]:
    """Put a centre together in a folder that is gone when the block ends; nothing has happened in it yet."""
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="outcome-monitor-demo-"))
        path = str(Path(folder) / "demo.db")
        engine = stack.enter_context(
            closing(open_scratch_engine(path, settings.policy(), outcomes_kept=script.live_at - script.begins))
        )
        figures = Figures(engine.ledger, settings.policy(), script.incident, script.begins)
        readings = Readings(figures, Reading(script.begins))
        feed = Feed(engine, make_spotter(settings, engine.ledger), script, seed, pace, readings, stop)
        tail = stack.enter_context(closing(EmbeddedTail(path)))
        yield Centre(engine, feed, make_board(settings, tail, feed.append, access=local_access(), now=feed.clock))
