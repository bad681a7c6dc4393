"""``dead-letters``: what could not be used, and another try once its cause is mended."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import orjson
import typer

from streams.bootstrap import open_engine, wall_clock
from streams.cli.consoles import console, note
from streams.cli.exits import UsageError
from streams.cli.options import ConfigDir, existing, settings_of
from streams.contracts.times import rfc3339
from streams.engines.embedded import dead_letters
from streams.engines.embedded.database import connect, is_running, translated
from streams.engines.port import DeadLetter

_BATCH: Final = 5_000
_SHOWN: Final = 200

Db: TypeAlias = Annotated[str, typer.Option("--db", metavar="PATH", help="The file that run or replay has written.")]
Reason: TypeAlias = Annotated[str | None, typer.Option(help="Only those with this reason.")]

commands = typer.Typer(help="Records that could not be used: see why, and have them processed again.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="dead-letters", no_args_is_help=True)


@commands.command("list")
def list_letters(
    *,
    db: Db,
    reason: Reason = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that were redriven, too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with the whole record.")] = False,
) -> None:
    """List dead letters, oldest first: number, when it came, reason, what is wrong, and the record as it came.

    Example: outcome-monitor dead-letters list --db monitor.db --reason schema
    """
    letters = _read(existing(db), reason, everything=everything)
    to = console()
    found = False
    for letter in letters:
        found = True
        if json:
            typer.echo(_as_json(letter))
            continue
        redriven = " (redriven)" if letter.redriven else ""
        to.print(
            f"#{letter.id}{redriven}  {rfc3339(letter.received_at)}  {letter.reason}: {letter.detail}",
            markup=False, soft_wrap=True,
        )  # fmt: skip
        to.print("    " + ascii(letter.record[:_SHOWN])[2:-1], markup=False, soft_wrap=True)
    if not found:
        note("there are none" if reason is None else f"there are none with the reason {reason}")


@commands.command()
def redrive(  # noqa: PLR0913 - one for each option
    *,
    db: Db,
    ids: Annotated[list[int] | None, typer.Option("--id", metavar="N", help="This one; can be repeated.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that were not redriven yet.")] = False,
    reason: Reason = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="The corrected record of one --id.")
    ] = None,
    config: ConfigDir = None,
) -> None:
    """Put dead letters in the log again, as they came or corrected, and say what became of them.

    Works beside a running monitor, which will process them; else they are processed at once.

    Example: outcome-monitor dead-letters redrive --db monitor.db --reason unknown_type

    Example: outcome-monitor dead-letters redrive --db monitor.db --id 7 --record corrected.json
    """
    settings = settings_of(config)
    if bool(ids) + everything + (reason is not None) != 1:
        msg = "say which ones: --id N (which can be repeated), --reason R or --all"
        raise UsageError(msg)
    if record is not None and len(ids or ()) != 1:
        msg = "--record: is the corrected record of one dead letter; name it with one --id"
        raise UsageError(msg)
    letters = _chosen(existing(db), ids or (), reason)
    if not letters:
        note("there is nothing to redrive")
        return
    corrected = None if record is None else record.read_bytes().strip()
    dead_letters.redrive(
        db, [(letter.id, letter.record if corrected is None else corrected) for letter in letters], wall_clock()
    )
    typer.echo(f"{len(letters)} put in the log again")
    if is_running(db):
        typer.echo("the monitor that runs on this file processes them")
        return
    newest = max(letter.id for letter in _read(db, None, everything=True))
    with closing(open_engine(settings, db)) as engine:
        while engine.step(_BATCH):
            pass
    refused = [letter for letter in _read(db, None) if letter.id > newest]
    typer.echo(f"{len(letters) - len(refused)} accepted, {len(refused)} refused again")
    for letter in refused:
        typer.echo(f"  #{letter.id} {letter.reason}: {letter.detail}")


def _chosen(db: str, ids: Sequence[int], reason: str | None) -> list[DeadLetter]:
    letters = {letter.id: letter for letter in _read(db, reason)}
    missing = [number for number in ids if number not in letters]
    if missing:
        msg = f"--id {missing[0]}: there is no such dead letter, or it was redriven; `dead-letters list` shows them"
        raise UsageError(msg)
    return [letters[number] for number in dict.fromkeys(ids)] if ids else list(letters.values())


def _read(db: str, reason: str | None, *, everything: bool = False) -> Iterator[DeadLetter]:
    with closing(connect(db, read_only=True)) as connection, translated(db):
        yield from dead_letters.read(connection, reason=reason, everything=everything)


def _as_json(letter: DeadLetter) -> bytes:
    """Return a dead letter as JSON. What is not UTF-8 in its record is written with backslashes."""
    plain = letter._asdict() | {"record": letter.record.decode(errors="backslashreplace")}
    return orjson.dumps(plain | {"received_at": rfc3339(letter.received_at)})
