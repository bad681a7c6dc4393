"""``metrics``: what is measured, and which question each measure answers."""

import typer

from streams.catalogue.render import render_reference


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(metrics)


def metrics() -> None:
    """Print every metric as a page of Markdown: meaning, question that it answers, labels, twin.

    Example: outcome-monitor metrics | less
    """
    typer.echo(render_reference(), nl=False)
