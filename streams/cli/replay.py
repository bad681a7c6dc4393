"""``replay``: history through the same code, and the comparison that comes of it."""

import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, Final

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from streams.bootstrap import open_engine, wall_clock
from streams.cli.comparison import print_comparison
from streams.cli.consoles import console, note
from streams.cli.exits import DEAD_LETTERS, UsageError
from streams.cli.options import ConfigDir, existing, parse_time, settings_of
from streams.contracts.decode import BadRecord, decode
from streams.domain import measures as m
from streams.domain.units import Millis
from streams.engines.embedded import EmbeddedEngine
from streams.exporter.report import report
from streams.settings import Settings
from streams.sources.detect import Format, open_source
from streams.sources.files import STDIN, Record, Source
from streams.sources.servicenow import ServiceNowLog

_BATCH: Final = 10_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)


def replay(  # noqa: PLR0913 - one for each option
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Plain, gzip or zip; - is standard input.")],
    as_format: Annotated[Format, typer.Option("--format", help="What the files hold.")] = Format.AUTO,
    db: Annotated[
        str, typer.Option(metavar="PATH", help="File to keep the result in. Run again, it goes on where it stopped.")
    ] = ":memory:",
    json: Annotated[
        str | None, typer.Option(metavar="REPORT", help="Write the report as JSON; - for standard output, alone.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Judge as of this time: what happened later is left out. RFC 3339 or a day."),
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="How many queues to show; 0 for all.")] = 20,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 where records went to the dead letters.")] = False,
    config: ConfigDir = None,
) -> None:
    """Replay history, and compare what the output measures said with what became of the customers.

    Queues come with the worst divergence first: those that look best for how little they solve.

    Example: outcome-monitor replay incident_event_log.zip --format servicenow

    Example: outcome-monitor replay monday.jsonl tuesday.jsonl.gz --db week.db --json report.json
    """
    settings = settings_of(config)
    last = None if until is None else parse_time("--until", until)
    for file in files:
        existing(file)
    if files.count(STDIN) > 1:
        msg = "-: the standard input can be read only once; name it once"
        raise UsageError(msg)
    if json not in (None, STDIN) and not Path(json).absolute().parent.is_dir():
        msg = f"--json: there is no folder {Path(json).absolute().parent}; make it, or name another"
        raise UsageError(msg)
    with closing(open_engine(settings, db)) as engine:
        run = _Replay(engine, last)
        for file in files:
            with open_source(file, as_format) as source:
                run.read(file, source)
        found = run.finish(settings)
    if json is not None:
        text = orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        if json == STDIN:
            sys.stdout.write(text.decode())
        else:
            Path(json).write_bytes(text)
    if json != STDIN:
        print_comparison(console(), found, settings.monitor.windows, top)
    if run.refused:
        note(f"{run.refused} records could not be used and are dead letters{_where(db)}")
        if strict:
            raise typer.Exit(DEAD_LETTERS)


def _where(db: str) -> str:
    if db == ":memory:":
        return "; replay with --db to keep them, and `dead-letters list` to see them"
    return f"; see them with `outcome-monitor dead-letters list --db {db}`"


class _Replay:
    """One run over some files, and what it comes to."""

    def __init__(self, engine: EmbeddedEngine, until: Millis | None) -> None:
        self._engine = engine
        self._until = until
        self._begun = monotonic()
        self._before = _refused(engine)
        self._records = 0
        self._after_until = 0

    @property
    def refused(self) -> int:
        """How many records became dead letters in this run."""
        return _refused(self._engine_totals) - self._before

    def read(self, file: str, source: Source) -> None:
        """Process the records of a source that have not been processed yet, with a progress bar on a terminal."""
        engine = self._engine
        while engine.step(_BATCH):  # what a gateway or a redrive has left in the log
            pass
        kind = "servicenow" if isinstance(source, ServiceNowLog) else "events"
        name = None if file == STDIN else f"{kind}:{Path(file).resolve()}"
        done = engine.source.get(name, 0) if name else 0
        if done:
            note(f"{file}: goes on after record {done}, where it stopped")
