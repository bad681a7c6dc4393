"""``run --engine kafka``: the roles of this process, and its HTTP side."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from streams.bootstrap import SPOT_S, make_app, make_registry, make_spotter, wall_clock
from streams.bootstrap.kafka import open_service
from streams.cli.consoles import note
from streams.cli.feed import Feed
from streams.cli.logs import log_kafka
from streams.cli.serving import listen, serving
from streams.cli.stopping import stopping
from streams.contracts.encode import encode
from streams.engines.port import StorageError
from streams.engines.roles import Role
from streams.exporter.spotter import Spotter
from streams.settings import Settings

_Work: TypeAlias = Callable[[Callable[[], bool]], Coroutine[None, None, None]]

_BATCH: Final = 2_000
_PAUSE_S: Final = 0.2
_AGAIN_S: Final = 5.0


def run_kafka(  # noqa: PLR0913, PLR0917 - one for each option
    settings: Settings, roles: Sequence[Role], state: Path | None, feed: Feed | None, host: str, port: int
) -> None:
    """Do what the roles ask for until SIGINT or SIGTERM.

    Raises:
        StorageError: the brokers can't be reached at the start, or something is wrong that trying again does not mend.
    """
    log_kafka()
    with ExitStack() as stack:
        stop = stack.enter_context(stopping())
        listening = listen(host, port)
        stack.callback(listening.close)
        service = stack.enter_context(closing(open_service(settings, roles, state)))
        append = service.append if Role.GATEWAY in roles else None
        app = make_app(settings, make_registry(settings, service.ledger, service.watch), append, service)
        server = stack.enter_context(serving(app, listening))
        offers = [f"serves {server.url}/metrics"] + [f"takes events at {server.url}/v1/events"] * (append is not None)

        async def check(stop: Callable[[], bool]) -> None:
            note(f"{', '.join(roles)}: {', '.join(offers)}; end it with Ctrl-C")
            while not stop():
                server.check()
                await asyncio.sleep(_PAUSE_S)

        async def pour(stop: Callable[[], bool]) -> None:
            if feed is not None:
                await _pour(feed, service, stop)

        beside: list[_Work] = [check, pour]
        if service.ledger is not None:
            spotter = make_spotter(settings, service.ledger)
            look = partial(_spotted, spotter, service)
            beside.append(service.announcing(look, SPOT_S))
        asyncio.run(service.run(stop.is_set, *beside))


class _Service(Protocol):
    ticking: bool

    async def put(self, records: Sequence[bytes], received_at: int) -> None: ...


def _spotted(spotter: Spotter, service: _Service) -> list[bytes]:
    """Return the spikes of failure demand that have begun, but not while what happened long ago is put in the log."""
    return [encode(spike) for spike in spotter.look(wall_clock())] if service.ticking else []


async def _pour(feed: Feed, service: _Service, stop: Callable[[], bool]) -> None:
    """Put the records of a feed in the log; time does not move on with the clock until it has ended."""
    service.ticking = False
    pending: list[bytes] = []
    while not stop() and (pending or not feed.ended):
        pending = pending or feed.take(_BATCH)
        try:
            await service.put(pending, wall_clock())
        except StorageError as error:
            note(str(error))
            await asyncio.sleep(_AGAIN_S)
            continue
        if not pending:
            await asyncio.sleep(_PAUSE_S)
        pending = []
    service.ticking = True
