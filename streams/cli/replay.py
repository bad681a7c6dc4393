"""``replay``: history through the same code, and the comparison that comes of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from streams.bootstrap import open_engine
from streams.cli.comparison import print_comparison
from streams.cli.consoles import console, note
from streams.cli.exits import DEAD_LETTERS, UsageError
from streams.cli.options import ConfigDir, existing, note_origins, parse_time, settings_of, writable
from streams.cli.replaying import Refused, Replay
from streams.contracts.times import rfc3339
from streams.engines.embedded.database import MEMORY
from streams.exporter.report import Report
from streams.sources.detect import Format, open_source
from streams.sources.files import STDIN, SourceError

_INTERRUPTED: Final = 130


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
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 if dead letters were not redriven.")] = False,
    config: ConfigDir = None,
) -> None:
    """Replay history, and compare what the output measures said with what became of the customers.

    Queues come with the worst divergence first: those that look best for how little they solve.

    Example: outcome-monitor replay incident_event_log.zip --format servicenow

    Example: outcome-monitor replay monday.jsonl tuesday.jsonl.gz --db week.db --json report.json
    """
    settings = settings_of(config)
    note_origins(settings)
    last = None if until is None else parse_time("--until", until)
    _check(files, json)
    with _interruptible(db), closing(open_engine(settings, db)) as engine:
        run = Replay(engine, last)
        reached = engine.latest
        if last is not None and reached is not None and reached > last:
            msg = (
                f"--until: {db} has reached {rfc3339(reached)} already; leave --until out, or replay into another file"
            )
            raise UsageError(msg)
        error = _read(run, files, as_format)
        found = run.finish(settings.policy())
        refused = run.refused()
    if error is None and run.used_none(refused):
        said = "no record could be used; `outcome-monitor schema` shows what an event is"
        error = SourceError(f"{', '.join(files)}: {said}")
    if error is None or found["events"]:
        _show(found, json, top)
    _tell(refused, found["dead_letters"], db)
    if error is not None:
        raise error
    if strict and refused.open:
        raise typer.Exit(DEAD_LETTERS)


def _check(files: list[str], json: str | None) -> None:
    """Find out before anything is done whether all can be read and written."""
    for file in files:
        existing(file)
    if files.count(STDIN) > 1:
        msg = "-: the standard input can be read only once; name it once"
        raise UsageError(msg)
    if json is not None:
        writable("--json", json)


def _read(run: Replay, files: Sequence[str], as_format: Format) -> SourceError | None:
    """Read the files in turn, up to the first that can't be read to its end: what follows would come before its time.

    Return what is wrong with that one.
    """
    for n, file in enumerate(files, start=1):
        try:
            with open_source(file, as_format) as source, _bar(file, source.total_bytes) as progressed:
                run.read(file, source, progressed)
        except SourceError as error:
            if files[n:]:
                note(f"not read after that: {', '.join(files[n:])}")
            return error
    return None


def _show(found: Report, json: str | None, top: int) -> None:
    """Show a report and write it; the one that can fail comes last."""
    if json != STDIN:
        print_comparison(console(), found, top)
    if json is None:
        return
    text = orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if json == STDIN:
        typer.echo(text, nl=False)
        return
    try:
        Path(json).write_bytes(text)
    except OSError as error:
        msg = f"--json: {json} can't be written ({error.strerror}); name another file"
        raise OSError(msg) from error


def _tell(refused: Refused, in_all: int, db: str) -> None:
    """Say how many records could not be used, in this run and in the whole result, and where they are."""
    if not refused.open:
        return
    counts = f"{refused.of_run} records of this run could not be used"
    if in_all > refused.of_run:
        counts += f", {in_all} in all"
    if in_all > refused.open:
        counts += f", {refused.open} of them not redriven"
    first = "" if refused.first is None else f" (the first: {refused.first})"
    hint = "replay with --db to keep them" if db == MEMORY else f"see `dead-letters list --db {db}`"
    note(f"{counts}{first}; {hint}")


@contextmanager
def _interruptible(db: str) -> Iterator[None]:
    """End in a word on Ctrl-C: each batch was kept whole or not at all."""
    try:
        yield
    except KeyboardInterrupt:
        hint = "with --db, running it again would go on" if db == MEMORY else "run it again to go on where it stopped"
        note(f"interrupted; {hint}")
        raise typer.Exit(_INTERRUPTED) from None


@contextmanager
def _bar(file: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how far a file was read; in a pipe show nothing."""
    to = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=to, disable=not to.is_terminal, transient=True) as progress:
        task = progress.add_task(Path(file).name, total=total)
        yield lambda done: progress.update(task, completed=done)
