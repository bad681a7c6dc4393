"""``replay``: history through the same code, and the comparison that comes of it."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import orjson
import typer

from streams.bootstrap import open_engine
from streams.cli.comparison import print_comparison
from streams.cli.consoles import console, note
from streams.cli.exits import DEAD_LETTERS, UsageError
from streams.cli.options import ConfigDir, note_origins, parse_time, settings_of, writable
from streams.cli.reading import all_readable, interruptible, read_files
from streams.cli.replaying import Refused, Replay
from streams.contracts.times import rfc3339
from streams.engines.embedded.database import MEMORY
from streams.exporter.report import Report
from streams.sources.detect import Format
from streams.sources.files import STDIN, SourceError


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
    all_readable(files)
    if json is not None:
        writable("--json", json)
    with interruptible(_again(db)), closing(open_engine(settings, db)) as engine:
        run = Replay(engine, last)
        reached = engine.latest
        if last is not None and reached is not None and reached > last:
            msg = (
                f"--until: {db} has reached {rfc3339(reached)} already; leave --until out, or replay into another file"
            )
            raise UsageError(msg)
        error = read_files(run, files, as_format)
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


def _again(db: str) -> str:
    return "with --db, running it again would go on" if db == MEMORY else "run it again to go on where it stopped"
