"""``rules``: what Prometheus computes and whom it alerts."""

from pathlib import Path
from typing import Annotated

import typer

from streams.catalogue.rules.files import RUNBOOKS, rule_files
from streams.catalogue.rules.page import render_rules
from streams.cli.writing import write_files


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rules)


def rules(
    write: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the rule files into this folder.")] = None,
    runbooks: Annotated[
        str, typer.Option(metavar="URL", help="Where those who are alerted find the runbooks.")
    ] = RUNBOOKS,
) -> None:
    """Print every alert and recorded series as a page of Markdown; or write the rule files for Prometheus.

    Example: outcome-monitor rules --write /etc/prometheus/rules --runbooks https://wiki/runbooks
    """
    if write is None:
        typer.echo(render_rules(), nl=False)
    else:
        write_files(write, rule_files(runbooks))
