"""The entry point: finds the command, runs it, and turns what goes wrong into one line and an exit code."""

import io
import os
import sys
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from streams.board.access.config import AccessError
from streams.bootstrap import package_version
from streams.cli import (
    backfill,
    board,
    board_token,
    check_config,
    dead_letters,
    deliver,
    demo,
    metrics,
    replay,
    rules,
    run,
    schema,
    simulate,
    topics,
)
from streams.cli.exits import FAILED, USAGE, UsageError
from streams.engines.garbage import collect_seldom
from streams.engines.port import StorageError
from streams.settings import ConfigError
from streams.sources.files import SourceError

_HELP: Final = """Shows whether customers' problems get solved, beside the measures that say that all is well.

Begin with `outcome-monitor demo`, which needs nothing else. Then replay a log of your own:
`outcome-monitor replay events.jsonl`.

Exit codes: 0 done, 1 something failed while running, 2 wrong usage or configuration, 3 done but with dead letters
(only with --strict).
"""

app = typer.Typer(
    name="outcome-monitor", help=_HELP, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    if wanted:
        typer.echo(f"outcome-monitor {package_version()}")
        raise typer.Exit


@app.callback()
def _common(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None: ...


demo.register(app)
run.register(app)
replay.register(app)
simulate.register(app)
check_config.register(app)
dead_letters.register(app)
schema.register(app)
metrics.register(app)
rules.register(app)
backfill.register(app)
topics.register(app)
board.register(app)
board_token.register(app)
deliver.register(app)


def main() -> NoReturn:
    """Run the command that the arguments name, and exit."""
    collect_seldom()
    _mend_streams()
    try:
        app()
    except (AccessError, ConfigError, UsageError) as error:
        _fail(error, USAGE)
    except (StorageError, SourceError, OSError) as error:
        _fail(error, FAILED)
    sys.exit(0)


def _mend_streams() -> None:
    """See to it that what is written can be written: in any encoding, and not to a stream that was closed before."""
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - it lasts as long as the process
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as above
    if sys.stdout is None:
        _fail(OSError("the standard output is closed; send it to a file, or to /dev/null"), FAILED)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fail(error: Exception, code: int) -> NoReturn:
    for line in str(error).splitlines():
        typer.echo(f"outcome-monitor: {line}", err=True)
    sys.exit(code)
