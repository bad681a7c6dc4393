"""``check-config``: what the monitor is told, and by what."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from streams.bootstrap.webhooks import webhooks
from streams.cli.consoles import console
from streams.cli.options import settings_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check-config")(check_config)


def check_config(
    config_dir: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]",
            envvar="OUTCOME_MONITOR_CONFIG",
            help="Folder with monitor.yaml and reasons.yaml; ./config where there is one, else built-in defaults.",
        ),
    ] = None,
) -> None:
    """Show every setting, its value and where it comes from; or all that is wrong, and exit with 2.

    Example: OUTCOME_MONITOR__HTTP__PORT=9000 outcome-monitor check-config config
    """
    settings = settings_of(config_dir)
    webhooks(settings, os.environ)  # what is wrong with their secrets is told here too
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in ("key", "value", "origin"):
        table.add_column(overflow="fold")
    for setting in settings.describe():
        table.add_row(*map(_plain, setting))
    console().print(table)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
