"""``board``: the team lead's page, on the file that a running monitor writes."""

from contextlib import ExitStack, closing
from typing import Annotated, Final

import typer

from streams.board.access.site import check_exposure
from streams.bootstrap import open_appender
from streams.bootstrap.access import access_config
from streams.bootstrap.board import make_board
from streams.cli.consoles import note
from streams.cli.options import ConfigDir, existing, settings_of
from streams.cli.serving import listen, serving
from streams.cli.stopping import stopping
from streams.engines.embedded.tail import EmbeddedTail

_PORT: Final = 8089
_CHECK_S: Final = 0.5


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(board)


def board(
    *,
    config: ConfigDir = None,
    db: Annotated[
        str | None, typer.Option("--db", metavar="PATH", help="File of the monitor; else as configured.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on: one of this machine's own.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, help="Port to listen on, 0 for any.")] = _PORT,
) -> None:
    """Serve the team lead's board: what needs action now, and whether acting helped; until SIGINT or SIGTERM.

    It follows the file that `outcome-monitor run` writes, and puts what team leads do about nudges in its log; both
    may be started and stopped in any order once the file is there. / is the board: choose a team and a queue.
    /wallboard is for a screen on the wall: large, without customers and actions.

    The section `board` of the settings says how people sign in, and who may see and do what. Where nobody signs in
    (`access: none`), whoever uses this machine may see and do everything, and it listens on loopback addresses only.

    Example: outcome-monitor board --db monitor.db

    Then open http://127.0.0.1:8089/?team=payments
    """
    settings = settings_of(config)
    access = access_config(settings)
    check_exposure(host, access)
    path = existing(settings.monitor.storage.path if db is None else db)
    with ExitStack() as stack:
        stop = stack.enter_context(stopping())
        listening = listen(host, port)
        stack.callback(listening.close)
        tail = stack.enter_context(closing(EmbeddedTail(path)))
        appender = stack.enter_context(closing(open_appender(path)))
        made = make_board(settings, tail, appender.append, access=access)
        server = stack.enter_context(serving(made.app, listening, lifespan="on"))
        stack.callback(made.close)
        note(f"serves the board at {server.url}/, for a wall {server.url}/wallboard; end it with Ctrl-C")
        while not stop.wait(_CHECK_S):
            server.check()
            made.check()
