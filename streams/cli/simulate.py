"""``simulate``: events of a contact centre whose truth is known."""

import gzip
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from streams.cli.consoles import console, note
from streams.cli.exits import UsageError
from streams.cli.options import parse_time, writable
from streams.sources.files import STDIN
from streams.sources.simulator.generate import simulate as run
from streams.sources.simulator.plan import Plan
from streams.sources.simulator.presets import constant_plan, demo_plan, noisy_plan
from streams.sources.simulator.truth import as_truth_json

_START: Final = "2026-01-05"
_FASTEST: Final = 1


class PlanName(StrEnum):
    """A contact centre that is ready to be simulated."""

    DEMO = "demo"
    NOISY = "noisy"
    CONSTANT = "constant"


_PLANS: Final[dict[PlanName, Callable[[], Plan]]] = {
    PlanName.DEMO: demo_plan,
    PlanName.NOISY: noisy_plan,
    PlanName.CONSTANT: constant_plan,
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(simulate)


def simulate(  # noqa: PLR0913 - one for each option
    *,
    contacts: Annotated[int, typer.Option(min=1, help="How many contacts.")],
    out: Annotated[str, typer.Option(metavar="FILE", help="Events, one a line; gzip if it ends in .gz, - for stdout.")],
    truth: Annotated[
        str | None, typer.Option(metavar="FILE", help="What really became of each contact, one a line.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same file, byte for byte.")] = 1,
    plan: Annotated[
        PlanName, typer.Option(help="Five queues; the same with all that is hard; or one that never changes.")
    ] = PlanName.DEMO,
    start: Annotated[str, typer.Option(metavar="TIME", help="When it begins. RFC 3339, or a day.")] = _START,
) -> None:
    """Simulate a contact centre: write its events, and the truth that no monitor can see beside them.

    Example: outcome-monitor simulate --contacts 10000 --seed 7 --out events.jsonl.gz --truth truth.jsonl
    """
    begins = parse_time("--start", start)
    if out == truth:
        msg = "--truth: events and truth can't go to the same place; name another file"
        raise UsageError(msg)
    writable("--out", out)
    if truth is not None:
        writable("--truth", truth)
    events = 0
    with _open(out) as to, _open(truth or os.devnull) as truth_to, _bar(contacts) as advance:
        for simulated in run(_PLANS[plan](), seed, begins, contacts=contacts):
            to.write(simulated.raw + b"\n")
            events += 1
            if simulated.truth is not None:
                advance()
                truth_to.write(as_truth_json(simulated.truth) + b"\n")
    note(f"{events} events of {contacts} contacts")


def _open(path: str) -> AbstractContextManager[IO[bytes] | gzip.GzipFile]:
    if path == STDIN:
        return nullcontext(sys.stdout.buffer)
    if path.endswith(".gz"):
        return gzip.open(path, "wb", compresslevel=_FASTEST)
    return Path(path).open("wb")


@contextmanager
def _bar(contacts: int) -> Iterator[Callable[[], None]]:
    to = console(stderr=True)
    columns = (TextColumn("contacts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=to, disable=not to.is_terminal, transient=True) as progress:
        task = progress.add_task("contacts", total=contacts)
        yield lambda: progress.advance(task)
