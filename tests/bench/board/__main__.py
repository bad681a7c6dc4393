"""From an event to the team lead's eyes: ``make bench-board``.

A simulated centre posts its events to the gateway of a monitor that runs, at half the speed at which it gets through
them (measured first), while boards are looked at over HTTP and in Chromium. For each nudge, the time since the event
that called for it was posted: until it is durable in the outbox, until a frame that shows it has come to a board, until
its row is in the document. All are processes of their own on this machine, and share it.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.status import Status
from rich.table import Table

from deploy.kafka.broker import BrokerError
from deploy.kafka.java import SetupError
from tests.bench.board.measure import Load, Run, measure, speed
from tests.bench.board.monitor import Monitor, OnFile, OnKafka
from tests.bench.child import ChildError
from tests.bench.command import CommandError
from tests.bench.kafka.broker import broker
from tests.bench.kafka.delays import quantile

_TRIAL: Final = Load(rate=2_000.0, nudges=50.0, seconds=10.0, warm_up=0.0)
_QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}


def main() -> int:
    """Print a table for each number of boards; return 1 if something went wrong."""
    options = _options()
    out = Console(width=None if sys.stdout.isatty() else 130, highlight=False)
    try:
        with Console(stderr=True).status("") as status, _monitor(options, status) as monitor:
            rate = options.rate or _half(monitor, status, out)
            load = Load(rate, options.nudges, options.warm_up + options.seconds, options.warm_up)
            for boards in options.boards:
                status.update(f"{boards} boards, {rate:,.0f} events/s for {load.seconds:g} s")
                with monitor.run() as running:
                    run = measure(running, load, boards)
                out.print(_table(run))
                out.print("\n".join(_lines(run)) + "\n")
    except KeyboardInterrupt:
        return 130
    except (BrokerError, ChildError, CommandError, SetupError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-board", description=__doc__)
    parser.add_argument("--engine", choices=("embedded", "kafka"), default="embedded", help="default: embedded")
    parser.add_argument("--rate", type=float, help="events a second (default: half of what it can do)")
    parser.add_argument("--nudges", type=float, default=50.0, help="a minute, about (default: 50)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long it is measured (default: 60)")
    parser.add_argument("--warm-up", type=float, default=25.0, help="seconds before that (default: 25)")
    parser.add_argument("--boards", type=int, nargs="+", default=[1, 200], help="looked at in turn (default: 1 200)")
    parser.add_argument(
        "--history", type=int, default=7, help="days of it on the file, 1,500 contacts each (default: 7)"
    )
    return parser.parse_args()


@contextmanager
def _monitor(options: argparse.Namespace, status: Status) -> Iterator[Monitor]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if options.engine == "embedded":
            status.update("replaying history")
            yield OnFile(Path(folder), options.history)
            return
        status.update("starting a broker")
        options.boards = options.boards[:1]
        with broker() as cluster:
            yield OnKafka(Path(folder), cluster)


def _half(monitor: Monitor, status: Status, out: Console) -> float:
    status.update("measuring what it can do")
    with monitor.run() as running:
        found = speed(running, _TRIAL)
    out.print(f"{found:,.0f} events/s that come as fast as they can; from here on half as many")
    return found / 2


def _table(run: Run) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("ms from the event to")
    for title in ("n", *_QUANTILES):
        table.add_column(title, justify="right")
    boards = "a board" if len(run.clients) == 1 else f"each of {len(run.clients)} boards"
    rows = [("the nudge, durable", run.durable)]
    rows += [(f"{boards}, sent", run.sent)] if run.clients else []
    rows += [("the row in Chromium", run.on_screen)] if run.no_browser is None else []
    for title, delays in rows:
        ordered = sorted(delays)
        figures = [f"{quantile(ordered, q):,.0f}" for q in _QUANTILES.values()] if ordered else ["-"] * len(_QUANTILES)
        table.add_row(title, f"{len(ordered):,}", *figures)
    return table


def _lines(run: Run) -> Iterator[str]:
    yield f"{run.events_per_s:,.0f} events/s; a request was at most {run.late * 1000:,.0f} ms late"
    yield f"engine {run.engine.processors:.0%} of a processor, {run.engine.peak / 1e6:,.0f} MB at most"
    if run.no_browser is not None:
        yield f"not in a browser: {run.no_browser}"
    if run.board is not None:
        frames = [len(client.frames) for client in run.clients]
        size = sum(client.received for client in run.clients)
        lost = sum(client.lost for client in run.clients)
        yield f"board {run.board.processors:.0%} of a processor, {run.board.peak / 1e6:,.0f} MB at most"
        yield f"boards got {min(frames):,} to {max(frames):,} frames each, {size / 1e6:,.0f} MB in all"
        yield f"nothing new for {run.gap / 1000:.1f} s at most; {lost} boards were dropped, {run.unseen} rows not shown"


if __name__ == "__main__":
    sys.exit(main())
