"""``topics``: the topics of the Kafka engine."""

import asyncio

import typer

from streams.bootstrap.kafka import check_topics, create_topics
from streams.cli.consoles import note
from streams.cli.options import ConfigDir, settings_of

commands = typer.Typer(help="The topics of the Kafka engine: make them, and see whether they are as they must be.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="topics", no_args_is_help=True)


@commands.command()
def create(*, config: ConfigDir = None) -> None:
    """Make the topics that are missing, as the section kafka of the settings says; touch none that there are.

    Example: outcome-monitor topics create
    """
    made, there = asyncio.run(create_topics(settings_of(config)))
    for name in made:
        typer.echo(f"made {name}")
    for name in there:
        typer.echo(f"there is {name} already")
    _tell(asyncio.run(check_topics(settings_of(config))))


@commands.command()
def check(*, config: ConfigDir = None) -> None:
    """Say what is wrong with the topics, and how to mend it; exit code 1 if anything is.

    Example: outcome-monitor topics check
    """
    _tell(asyncio.run(check_topics(settings_of(config))))
    typer.echo("all topics are as they must be")


def _tell(problems: list[str]) -> None:
    for problem in problems:
        note(problem)
    if problems:
        raise typer.Exit(1)
