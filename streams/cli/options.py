"""Options that several commands share, and how their values are read."""

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from streams.cli.consoles import note
from streams.cli.exits import UsageError
from streams.contracts.times import EPOCH, EXAMPLE
from streams.domain.units import Millis
from streams.settings import Settings, load

_CONFIG: Final = Path("config")

ConfigDir: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="DIR",
        envvar="OUTCOME_MONITOR_CONFIG",
        help="Folder with monitor.yaml and reasons.yaml; ./config where there is one, else built-in defaults.",
    ),
]


class Engine(StrEnum):
    """What events and totals are kept in."""

    EMBEDDED = "embedded"
    KAFKA = "kafka"


def settings_of(config_dir: Path | None) -> Settings:
    """Return the settings of a folder, of ``./config`` where none is named, or the defaults where there is none.

    Raises:
        ConfigError: if something in them is wrong.
    """
    if config_dir is None and _CONFIG.is_dir():
        config_dir = _CONFIG
    return load(config_dir, os.environ)


def note_origins(settings: Settings) -> None:
    """Tell the user which files and variables the settings are from, if any: numbers depend on them."""
    origins = sorted({str(origin._replace(line=None)) for origin in settings.origins.values()})
    if origins:
        note(f"settings: {', '.join(origins)}; `check-config` shows them")


def parse_time(option: str, text: str) -> Millis:
    """Return the time that an option says: a day, which means its beginning, or RFC 3339; UTC where no offset is given.

    Raises:
        UsageError: it is none.
    """
    try:
        time = datetime.fromisoformat(text.strip().upper())
    except ValueError as error:
        msg = f"{option}: {text!r} is not a time; write {EXAMPLE} or 2026-03-01"
        raise UsageError(msg) from error
    since = (time if time.tzinfo else time.replace(tzinfo=UTC)) - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000


def existing(path: str) -> str:
    """Return a path to a file that is there, or ``-``.

    Raises:
        UsageError: it is not.
    """
    if Path(path).is_dir():
        msg = f"{path}: is a folder; name a file"
        raise UsageError(msg)
    if path != "-" and not Path(path).is_file() and not Path(path).is_fifo():
        msg = f"{path}: there is no such file; check the path"
        raise UsageError(msg)
    return path


def writable(option: str, path: str) -> str:
    """Return a path at which an option may have a file written, or ``-``; to be asked before the work is done.

    Raises:
        UsageError: it is a folder, there is no folder for it, or it may not be written.
    """
    folder = Path(path).absolute().parent
    if path == "-":
        return path
    if Path(path).is_dir():
        msg = f"{option}: {path} is a folder; name a file in it"
    elif not folder.is_dir():
        msg = f"{option}: there is no folder {folder}; make it, or name another"
    elif not os.access(path if Path(path).exists() else folder, os.W_OK):
        msg = f"{option}: {path} may not be written; name another file"
    else:
        return path
    raise UsageError(msg)
