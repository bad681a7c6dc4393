"""``dead-letters``: what could not be used, and another try once its cause is mended."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import orjson
import typer

from streams.bootstrap import open_engine, wall_clock
from streams.bootstrap.kafka import open_dead_letters
from streams.cli.consoles import console, note
from streams.cli.exits import UsageError
from streams.cli.options import ConfigDir, Engine, existing, settings_of
from streams.contracts.times import rfc3339
from streams.engines.embedded.database import is_running
from streams.engines.embedded.dead_letters import FileDeadLetters
from streams.engines.port import DeadLetter, DeadLetters
from streams.settings import Settings

_BATCH: Final = 5_000
_SHOWN: Final = 200

Db: TypeAlias = Annotated[
    str | None, typer.Option("--db", metavar="PATH", help="The file that run or replay has written.")
]
Kind: TypeAlias = Annotated[
    Engine, typer.Option("--engine", help="embedded: those in the file --db. kafka: those in the topic.")
]
Reason: TypeAlias = Annotated[str | None, typer.Option(help="Only those with this reason.")]

commands = typer.Typer(help="Records that could not be used: see why, and have them processed again.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="dead-letters", no_args_is_help=True)


@commands.command("list")
def list_letters(  # noqa: PLR0913 - one for each option
    *,
    db: Db = None,
    engine: Kind = Engine.EMBEDDED,
    reason: Reason = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that were redriven, too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with the whole record.")] = False,
    config: ConfigDir = None,
) -> None:
    """List dead letters, oldest first: number, when it came, reason, what is wrong, and the record as it came.

    On Kafka the number is that of the partition and the offset in the topic of dead letters.

    Example: outcome-monitor dead-letters list --db monitor.db --reason schema

    Example: outcome-monitor dead-letters list --engine kafka
    """
    letters = _letters(engine, db, config)
    to = console()
    found = False
    for letter in letters.read(reason=reason, everything=everything):
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
    db: Db = None,
    engine: Kind = Engine.EMBEDDED,
    ids: Annotated[list[str] | None, typer.Option("--id", metavar="N", help="This one; can be repeated.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that were not redriven yet.")] = False,
    reason: Reason = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="The corrected record of one --id.")
    ] = None,
    config: ConfigDir = None,
) -> None:
    """Put dead letters in the log again, as they came or corrected, and say what became of them.

    Works beside a running monitor, which will process them; without one those of a file are processed at once.

    Example: outcome-monitor dead-letters redrive --db monitor.db --reason unknown_type

    Example: outcome-monitor dead-letters redrive --db monitor.db --id 7 --record corrected.json

    Example: outcome-monitor dead-letters redrive --engine kafka --id 3/17
    """
    letters = _letters(engine, db, config)
    if bool(ids) + everything + (reason is not None) != 1:
        msg = "say which ones: --id N (which can be repeated), --reason R or --all"
        raise UsageError(msg)
    if record is not None and len(ids or ()) != 1:
        msg = "--record: is the corrected record of one dead letter; name it with one --id"
        raise UsageError(msg)
    chosen = _chosen(letters, ids or (), reason)
    if record is None:
        records = [(letter.id, letter.record) for letter in chosen if _is_whole(letter)]
    else:
        records = [(letter.id, record.read_bytes().strip()) for letter in chosen]
    if not records:
        note("there is nothing to redrive")
        return
    letters.redrive(records, wall_clock())
    typer.echo(f"{len(records)} put in the log again")
    if db is None:
        typer.echo("the workers process them")
    elif is_running(db):
        typer.echo("the monitor that runs on this file processes them")
    else:
        _process(db, settings_of(config), letters, len(records))


def _process(db: str, settings: Settings, letters: DeadLetters, redriven: int) -> None:
    """Have a file's log processed, and say what became of what was put there."""
    known = {letter.id for letter in letters.read(everything=True)}
    with closing(open_engine(settings, db)) as engine:
        while engine.step(_BATCH):
            pass
    refused = [letter for letter in letters.read() if letter.id not in known]
    typer.echo(f"{redriven - len(refused)} accepted, {len(refused)} refused again")
    for letter in refused:
        typer.echo(f"  #{letter.id} {letter.reason}: {letter.detail}")


def _letters(engine: Engine, db: str | None, config: Path | None) -> DeadLetters:
    if engine is Engine.KAFKA:
        if db is not None:
            msg = "--db: is for the embedded engine; with kafka, dead letters are in a topic"
            raise UsageError(msg)
        return open_dead_letters(settings_of(config))
    if db is None:
        msg = "--db: say which file they are in, or --engine kafka for those in the topic"
        raise UsageError(msg)
    return FileDeadLetters(existing(db))


def _chosen(letters: DeadLetters, ids: Sequence[str], reason: str | None) -> list[DeadLetter]:
    found = {letter.id: letter for letter in letters.read(reason=reason)}
    missing = [key for key in ids if key not in found]
    if missing:
        msg = f"--id {missing[0]}: there is no such dead letter, or it was redriven; `dead-letters list` shows them"
        raise UsageError(msg)
    return [found[key] for key in dict.fromkeys(ids)] if ids else list(found.values())


def _is_whole(letter: DeadLetter) -> bool:
    if letter.cut_from is not None:
        kept = f"only the first {len(letter.record)} of its {letter.cut_from} bytes are kept"
        note(f"#{letter.id}: {kept}; name it with --id and give its corrected --record")
    return letter.cut_from is None


def _as_json(letter: DeadLetter) -> bytes:
    """Return a dead letter as JSON. What is not UTF-8 in its record is written with backslashes."""
    plain = letter._asdict() | {"record": letter.record.decode(errors="backslashreplace")}
    return orjson.dumps(plain | {"received_at": rfc3339(letter.received_at)})
