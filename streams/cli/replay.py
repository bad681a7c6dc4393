"""``replay``: history through the same code, and the comparison that comes of it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from streams.bootstrap import open_engine
from streams.cli.comparison import print_comparison
from streams.cli.consoles import console, note
from streams.cli.exits import DEAD_LETTERS, UsageError
from streams.cli.options import ConfigDir, existing, parse_time, settings_of
from streams.cli.replaying import Replay
from streams.engines.embedded.database import MEMORY
from streams.exporter.report import Report
from streams.sources.detect import Format, open_source
from streams.sources.files import STDIN


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)


def replay(  # noqa: PLR0913 - one for each option
    *,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Plain, gzip or zip; - is standard input.")],
    as_format: Annotated[Format, typer.Option("--format", help="What the files hold.")] = Format.AUTO,
    db: Annotated[
        str, typer.Option(metavar="PATH", help="File to keep the result in. Run again, it goes on where it stopped.")
    ] = MEMORY,
    json: Annotated[
        str | None, typer.Option(metavar="REPORT", help="Write the report as JSON; - for standard output, alone.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Judge as of this time, leaving out what came later. RFC 3339, or a day."),
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="How many queues to show; 0 for all.")] = 20,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 if records went to the dead letters.")] = False,
    config: ConfigDir = None,
) -> None:
    """Replay history, and compare what the output measures said with what became of the customers.

    Queues come with the worst divergence first: those that look best for how little they solve.

    Example: outcome-monitor replay incident_event_log.zip --format servicenow

    Example: outcome-monitor replay monday.jsonl tuesday.jsonl.gz --db week.db --json report.json
    """
    settings = settings_of(config)
    last = None if until is None else parse_time("--until", until)
    _check(files, json)
    with closing(open_engine(settings, db)) as engine:
        run = Replay(engine, last)
        for file in files:
            with open_source(file, as_format) as source, _bar(file, source.total_bytes) as progressed:
                run.read(file, source, progressed)
        found = run.finish(settings.policy())
        refused = run.refused
    if json is not None:
        _write(json, found)
    if json != STDIN:
        print_comparison(console(), found, top)
    if refused:
        hint = "replay with --db to keep them" if db == MEMORY else f"see `dead-letters list --db {db}`"
        note(f"{refused} records could not be used and are dead letters; {hint}")
        if strict:
            raise typer.Exit(DEAD_LETTERS)


def _check(files: list[str], json: str | None) -> None:
    """Find out before anything is done whether all can be read and written."""
    for file in files:
        existing(file)
    if files.count(STDIN) > 1:
        msg = "-: the standard input can be read only once; name it once"
        raise UsageError(msg)
    if json is not None and json != STDIN and not Path(json).absolute().parent.is_dir():
        msg = f"--json: there is no folder {Path(json).absolute().parent}; make it, or name another"
        raise UsageError(msg)


def _write(json: str, found: Report) -> None:
    text = orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if json == STDIN:
        sys.stdout.write(text.decode())
    else:
        Path(json).write_bytes(text)


@contextmanager
def _bar(file: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how far a file was read; in a pipe show nothing."""
    to = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=to, disable=not to.is_terminal, transient=True) as progress:
        task = progress.add_task(Path(file).name, total=total)
        yield lambda done: progress.update(task, completed=done)
