"""``board-token``: a new token, with which somebody signs in to the board."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import ValidationError

from streams.board.access.token_file import TokenEntry, hash_of, new_token
from streams.cli.consoles import note
from streams.cli.exits import UsageError
from streams.cli.options import ConfigDir, parse_time, settings_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("board-token")(board_token)


def board_token(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is, as the board shows it.")],
    teams: Annotated[str, typer.Option(metavar="A,B", help="Teams that they lead, with commas between them.")] = "",
    role: Annotated[list[str], typer.Option(help="A role of the settings (board.roles); can be repeated.")],
    expires: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it ceases to hold: a day or RFC 3339; never by default.")
    ] = None,
    config: ConfigDir = None,
) -> None:
    """Print a new token and the line that makes it known: add that to the file that board.tokens.file names.

    The token is shown this once, on the standard error: only its hash is in the line, which is all of the standard
    output, so that >> can append it to the file.

    Example: outcome-monitor board-token 'Ada Lovelace' --teams payments,welcome --role lead --expires 2027-01-01
    """
    known = settings_of(config).monitor.board.roles
    unknown = [each for each in role if each not in known]
    if unknown:
        there_are = f"there are {', '.join(known)}" if known else "there are none"
        msg = f"--role: {', '.join(unknown)} would grant nothing; add it to board.roles, where {there_are}"
        raise UsageError(msg)
    at = None if expires is None else datetime.fromtimestamp(parse_time("--expires", expires) / 1_000, UTC)
    token = new_token()
    try:
        entry = TokenEntry(
            name=name,
            teams=tuple(team.strip() for team in teams.split(",") if team.strip()),
            roles=tuple(role),
            sha256=hash_of(token),
            expires=at,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        msg = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise UsageError(msg) from error
    note(f"the token of {name}, shown this once: {token}")
    typer.echo(entry.model_dump_json(exclude_none=True))
