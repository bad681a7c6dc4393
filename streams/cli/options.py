"""Options that several commands share, and how their values are read."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

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


def settings_of(config_dir: Path | None) -> Settings:
    """Return the settings of a folder, of ``./config`` where none is named, or the defaults where there is none.

    Raises:
        ConfigError: if something in them is wrong.
    """
    if config_dir is None and _CONFIG.is_dir():
        config_dir = _CONFIG
    return load(config_dir, os.environ)


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
    if path != "-" and not Path(path).is_file() and not Path(path).is_fifo():
        msg = f"{path}: there is no such file; check the path"
        raise UsageError(msg)
    return path
