"""Writing what was rendered."""

from collections.abc import Mapping
from pathlib import Path

import typer

from streams.cli.exits import UsageError


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write files into a folder, and say which.

    Raises:
        UsageError: they can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in files.items():
            (folder / name).write_text(body, encoding="utf-8")
    except OSError as error:
        msg = f"--write: {error.filename} can't be written ({error.strerror}); name another folder"
        raise UsageError(msg) from error
    for name in files:
        typer.echo(str(folder / name))
