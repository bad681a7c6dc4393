"""``board``: the team lead's page, on the file or the topics that a running monitor writes."""

from contextlib import AbstractContextManager, ExitStack
from typing import Annotated, Final

import typer

from streams.board.access.site import check_exposure
from streams.bootstrap import with_health
from streams.bootstrap.access import access_config
from streams.bootstrap.board import make_board
from streams.bootstrap.board_log import BoardLog, file_log, topic_log
from streams.cli.consoles import note
from streams.cli.exits import UsageError
from streams.cli.logs import log_kafka
from streams.cli.options import ConfigDir, Engine, existing, settings_of
from streams.cli.serving import listen, serving
from streams.cli.stopping import stopping
from streams.settings import Settings

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
    engine: Annotated[
        Engine, typer.Option(help="embedded: follows the file --db. kafka: follows the topics in the settings.")
    ] = Engine.EMBEDDED,
    host: Annotated[str, typer.Option(help="Address to listen on: one of this machine's own.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, help="Port to listen on, 0 for any.")] = _PORT,
) -> None:
    """Serve the team lead's board: what needs action now, and whether acting helped; until SIGINT or SIGTERM.

    It follows what `outcome-monitor run` writes, and puts what team leads do about nudges in its log; both may be
    started and stopped in any order once the file, or the topics, are there. / is the board: choose a team and a queue.
    /wallboard is for a screen on the wall: large, without customers and actions. /readyz says whether it is up to date.

    The section `board` of the settings says how people sign in, and who may see and do what. Where nobody signs in
    (`access: none`), whoever uses this machine may see and do everything, and it listens on loopback addresses only.

    Example: outcome-monitor board --db monitor.db

    Example: outcome-monitor board --engine kafka

    Then open http://127.0.0.1:8089/?team=payments
    """
    settings = settings_of(config)
    access = access_config(settings)
    check_exposure(host, access)
    opening = _opening(settings, engine, db)
    with ExitStack() as stack:
        stop = stack.enter_context(stopping())
        listening = listen(host, port)
        stack.callback(listening.close)
        log = stack.enter_context(opening)
        made = make_board(settings, log.tail, log.append, access=access)
        app = with_health(made.app, log.condition)
        server = stack.enter_context(serving(app, listening, lifespan="on"))
        stack.callback(made.close)
        note(f"serves the board at {server.url}/, for a wall {server.url}/wallboard; end it with Ctrl-C")
        while not stop.wait(_CHECK_S):
            server.check()
            made.check()
            log.check()


def _opening(settings: Settings, engine: Engine, db: str | None) -> AbstractContextManager[BoardLog]:
    if engine is Engine.EMBEDDED:
        return file_log(existing(settings.monitor.storage.path if db is None else db))
    if db is not None:
        msg = "--db: is for the embedded engine; with kafka, what is shown is in topics"
        raise UsageError(msg)
    log_kafka()
    return topic_log(settings)
