"""``run``: the monitor as a service."""

from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Annotated, Final
from uuid import uuid4

import typer

from streams.bootstrap import (
    SOURCE,
    SPOT_S,
    Health,
    make_app,
    make_exporter,
    make_spotter,
    open_appender,
    open_engine,
    wall_clock,
)
from streams.cli.consoles import note
from streams.cli.exits import UsageError
from streams.cli.feed import Feed
from streams.cli.options import ConfigDir, Engine, existing, settings_of
from streams.cli.run_kafka import run_kafka
from streams.cli.serving import Serving, is_loopback, listen, serving
from streams.cli.stopping import stopping
from streams.contracts.encode import encode
from streams.domain.events import ClockTicked
from streams.engines.embedded import EmbeddedEngine
from streams.engines.embedded.appender import Appender
from streams.engines.embedded.database import MEMORY
from streams.engines.port import StorageError
from streams.engines.roles import Role
from streams.settings import Settings

_TICK_S: Final = 1.0
_IDLE_S: Final = 0.05


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(run)


def run(  # noqa: PLR0913 - one for each option
    *,
    config: ConfigDir = None,
    db: Annotated[
        str | None, typer.Option("--db", metavar="PATH", help="File that holds everything; else as configured.")
    ] = None,
    feed: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="FILE", help="Also take the events of a file, from its beginning; - is standard input."
        ),
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="embedded: all in one process and one file. kafka: on the brokers of the settings.")
    ] = Engine.EMBEDDED,
    role: Annotated[
        list[Role] | None,
        typer.Option(help="With kafka: what this process does; can be repeated. All three where none is named."),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIR", help="With kafka: folder of a worker's state; else as configured."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; else as configured.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, 0 for any; else as configured.")] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let other machines in; there is no password.")
    ] = False,
) -> None:
    """Run the monitor: take events over HTTP, serve metrics, until SIGINT or SIGTERM.

    POST events to /v1/events, scrape /metrics, probe /healthz and /readyz. Time moves on with the clock, but for as
    long as --from brings events: then it is what they say.

    Example: outcome-monitor run --db monitor.db

    Example: outcome-monitor run --engine kafka --role worker --state /var/lib/outcome-monitor

    Then: curl -H 'content-type: application/x-ndjson' --data-binary @events.jsonl http://127.0.0.1:8088/v1/events
    """
    settings = settings_of(config)
    host = settings.monitor.http.host if host is None else host
    if not is_loopback(host) and not allow_remote:
        msg = (
            f"{host}: other machines could send events and read metrics there, and there is no password; listen on"
            " 127.0.0.1 behind a proxy that asks for one, or add --allow-remote if the network keeps others out"
        )
        raise UsageError(msg)
    port = settings.monitor.http.port if port is None else port
    if engine is Engine.KAFKA:
        if db is not None:
            msg = (
                "--db: is for the embedded engine; with kafka, events and totals are in topics, local state in --state"
            )
            raise UsageError(msg)
        roles = list(dict.fromkeys(role or Role))
        if feed is not None and Role.GATEWAY not in roles:
            msg = "--from: events go into the log by way of a gateway; add --role gateway"
            raise UsageError(msg)
        run_kafka(settings, roles, state, None if feed is None else Feed(existing(feed)), host, port)
        return
    if role or state is not None:
        msg = f"{'--role' if role else '--state'}: is for the Kafka engine; add --engine kafka"
        raise UsageError(msg)
    _run_embedded(settings, settings.monitor.storage.path if db is None else db, feed, host, port)


def _run_embedded(settings: Settings, path: str, feed: str | None, host: str, port: int) -> None:
    if path == MEMORY:
        msg = "--db: run needs a file, since events must outlive the process; name one"
        raise UsageError(msg)
    with ExitStack() as stack:
        stop = stack.enter_context(stopping())
        records = None if feed is None else Feed(existing(feed))
        listening = listen(host, port)
        stack.callback(listening.close)
        engine = stack.enter_context(closing(open_engine(settings, path)))
        appender = stack.enter_context(closing(open_appender(path)))
        health = Health()
        app = make_app(settings, make_exporter(settings, engine.ledger).registry, appender.append, health)
        server = stack.enter_context(serving(app, listening))
        note(f"takes events at {server.url}/v1/events, serves {server.url}/metrics; end it with Ctrl-C")
        try:
            _Loop(settings, engine, appender, health, server).run(records, stop)
        except BaseException as error:
            health.problem = f"the engine has stopped: {error}"
            raise


class _Loop:
    """Processes what is in the log, and lets time pass."""

    def __init__(
        self, settings: Settings, engine: EmbeddedEngine, appender: Appender, health: Health, server: Serving
    ) -> None:
        self._batch = settings.monitor.storage.batch
        self._engine = engine
        self._appender = appender
        self._health = health
        self._server = server
        self._spotter = make_spotter(settings, engine.ledger)
        self._next_tick = 0.0
        self._next_look = 0.0

    def run(self, feed: Feed | None, stop: Event) -> None:
        """Go on until asked to stop; what is in the log by then and not processed is processed at the next start.

        Raises:
            StorageError: the file can't be written by the engine. While only the log can't, it goes on trying.
        """
        pending: list[bytes] = []
        while not stop.is_set():
            self._server.check()
            if not pending:
                pending = self._coming(feed)
            if pending and self._append(pending):
                pending = []
            if not self._engine.step(self._batch):
                stop.wait(_IDLE_S)

    def _coming(self, feed: Feed | None) -> list[bytes]:
        """Return what is to be put in the log: records of the feed, and once it has ended a tick each second."""
        if feed is not None and not feed.ended:
            return feed.take(self._batch)
        if monotonic() < self._next_tick:
            return []
        self._next_tick = monotonic() + _TICK_S
        return [encode(ClockTicked(f"tick-{uuid4().hex}", wall_clock(), SOURCE)), *self._spotted()]

    def _spotted(self) -> list[bytes]:
        """Return the spikes of failure demand that have begun, of which it is asked now and then."""
        if monotonic() < self._next_look:
            return []
        self._next_look = monotonic() + SPOT_S
        return [encode(spike) for spike in self._spotter.look(wall_clock())]

    def _append(self, records: list[bytes]) -> bool:
        try:
            self._appender.append(records, wall_clock())
        except StorageError as error:
            if self._health.problem != str(error):
                note(str(error))
            self._health.problem = str(error)
            return False
        self._health.problem = None
        return True
