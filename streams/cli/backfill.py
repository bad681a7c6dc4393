"""``backfill``: history as Prometheus would have scraped it, so that dashboards are full on the first day."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Final, TextIO

import typer

from streams.bootstrap import make_exporter, open_engine
from streams.cli.consoles import note
from streams.cli.exits import UsageError
from streams.cli.options import ConfigDir, note_origins, parse_time, settings_of, writable
from streams.cli.reading import all_readable, interruptible, read_files
from streams.cli.replaying import Replay
from streams.cli.steps import Steps
from streams.contracts.times import rfc3339
from streams.domain.units import DAY, MINUTE, Millis
from streams.engines.embedded import EmbeddedEngine
from streams.engines.embedded.database import MEMORY
from streams.exporter.history import END, History
from streams.settings.values import parse_duration
from streams.sources.detect import Format

_LABEL: Final = r"[a-zA-Z_][a-zA-Z0-9_]*"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(backfill)


def backfill(  # noqa: PLR0913 - one for each option
    *,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Plain, gzip or zip; - is standard input.")],
    out: Annotated[str, typer.Option(metavar="FILE", help="Where to write OpenMetrics.")],
    every: Annotated[str, typer.Option(metavar="TIME", help="How far apart samples are; at multiples of it.")] = "1h",
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="No samples before this time. RFC 3339, or a day.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Leave out what came later.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Labels that Prometheus adds when it scrapes; job=outcome-monitor."),
    ] = None,
    db: Annotated[
        str, typer.Option(metavar="PATH", help="New file to keep the result in, for `run --db` to go on from.")
    ] = MEMORY,
    as_format: Annotated[Format, typer.Option("--format", help="What the files hold.")] = Format.AUTO,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    config: ConfigDir = None,
) -> None:
    """Replay history, and write what Prometheus would have scraped, for promtool to make blocks of.

    Range queries hit the samples where their step is a multiple of --every. Years of a large site are many samples:
    take a day as the step then.

    Example: outcome-monitor backfill history.jsonl.gz --out history.om --db monitor.db

    Example: promtool tsdb create-blocks-from openmetrics --max-block-duration=744h history.om /var/lib/prometheus
    """
    settings = settings_of(config)
    note_origins(settings)
    step, labels = _step(every), _labels(label or ["job=outcome-monitor"])
    first = None if since is None else parse_time("--since", since)
    last = None if until is None else parse_time("--until", until)
    all_readable(files)
    _check_out(writable("--out", out), force=force)
    with (
        interruptible(f"{out} was not written"),
        closing(open_engine(settings, db)) as engine,
        _written_whole(Path(out)) as to,
    ):
        if engine.latest is not None:
            msg = f"--db: {db} holds history already, whose past can't be seen again; name a new file"
            raise UsageError(msg)
        history = History(make_exporter(settings, engine.ledger), labels)
        sampling = _Sampling(engine, history, to, first)
        run = Replay(engine, last, Steps(step, settings.policy(), last, sampling.at).before)
        error = read_files(run, files, as_format)
        if error is not None:
            raise error
        run.finish(settings.policy())
        sampling.finish()
        refused = run.refused()
    _tell(history, sampling, out, refused.open, step)


class _Sampling:
    """Takes a sample of everything at a time, and remembers when the first and the last was."""

    def __init__(self, engine: EmbeddedEngine, history: History, to: TextIO, since: Millis | None) -> None:
        self._engine = engine
        self._history = history
        self._to = to
        self._since = since
        self.first: Millis | None = None
        self.last: Millis | None = None

    def at(self, time: Millis) -> None:
        """Let time pass to a moment, and write what is told then."""
        self._engine.advance(time)
        self._write(time)

    def finish(self) -> None:
        """Write what is told at the end."""
        latest = self._engine.latest
        if latest is not None:
            self._write(latest + 1)

    def _write(self, time: Millis) -> None:
        if self._since is None or time >= self._since:
            self._to.writelines(self._history.at(time))
            self.first = self.first or time
            self.last = time


def _step(every: str) -> Millis:
    try:
        step = parse_duration(every)
    except ValueError as error:
        msg = f"--every: {error}"
        raise UsageError(msg) from error
    if step < MINUTE:
        msg = f"--every: {every} is too short; the least is 1m"
        raise UsageError(msg)
    return step


def _labels(given: Sequence[str]) -> Mapping[str, str]:
    labels = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not re.fullmatch(_LABEL, name):
            msg = f"--label: {one!r} is not NAME=VALUE, with a name of letters, digits and underscores"
            raise UsageError(msg)
        labels[name] = value
    return labels


def _check_out(out: str, *, force: bool) -> None:
    if out == "-":
        msg = "--out: promtool reads its input more than once; name a file"
        raise UsageError(msg)
    if Path(out).exists() and not force:
        msg = f"--out: {out} is there already; name another file, or write over it with --force"
        raise UsageError(msg)


@contextmanager
def _written_whole(out: Path) -> Iterator[TextIO]:
    """Write a file that has its name only once it is whole."""
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("w", encoding="utf-8", buffering=1 << 20) as to:
            yield to
            to.write(END)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _tell(history: History, sampling: _Sampling, out: str, refused: int, step: Millis) -> None:
    if sampling.first is None or sampling.last is None:
        note(f"{out}: there was nothing to write: no event came to a whole step")
        return
    span = f"{rfc3339(sampling.first)} to {rfc3339(sampling.last)}"
    note(f"{out}: {history.samples:,} samples of {history.series:,} series, {span}")
    if refused:
        note(
            f"{refused:,} records could not be used; `outcome-monitor replay` with --db keeps them, with their reasons"
        )
    longest = "1488h" if step >= DAY else "744h"  # promtool reads the whole file for each block that it makes
    note(f"next: promtool tsdb create-blocks-from openmetrics --max-block-duration={longest} {out} DATA_OF_PROMETHEUS")
