"""``schema``: the JSON Schemas of what goes in."""

from pathlib import Path
from typing import Annotated

import typer

from streams.bootstrap import all_schemas
from streams.cli.writing import write_files
from streams.settings import render


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(schema)


def schema(
    write: Annotated[Path | None, typer.Option(metavar="DIR", help="Write them as files into this folder.")] = None,
) -> None:
    """Print the JSON Schemas of the events and of the config files, one object by name of file; or write them.

    Example: outcome-monitor schema --write config/schema
    """
    found = all_schemas()
    if write is None:
        typer.echo(render(found).encode(), nl=False)
        return
    write_files(write, {name: render(body) for name, body in found.items()})
