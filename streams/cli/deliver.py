"""``deliver``: nudges to where team leads are, by webhook."""

import asyncio
import os
from contextlib import ExitStack, closing, suppress
from threading import Event
from typing import TYPE_CHECKING, Annotated, Final

import typer

from streams.bootstrap.delivery import FileNudges, open_delivery
from streams.cli.consoles import note
from streams.cli.exits import UsageError
from streams.cli.options import ConfigDir, settings_of
from streams.cli.stopping import stopping

if TYPE_CHECKING:
    from streams.delivery.delivering import Delivery

_BEAT_S: Final = 0.2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(deliver)


def deliver(
    *,
    config: ConfigDir = None,
    db: Annotated[
        str | None, typer.Option("--db", metavar="PATH", help="The file that run writes; else as configured.")
    ] = None,
) -> None:
    """Deliver nudges to the webhooks of the settings (`delivery.webhooks`), until SIGINT or SIGTERM.

    Each webhook gets what is told from its first start on, in order, and after a restart goes on where it was. What it
    does not take is tried again until the nudge expires, then put in the file of those undelivered, with the reason.

    Example: outcome-monitor deliver --db monitor.db
    """
    settings = settings_of(config)
    webhooks = settings.monitor.delivery.webhooks
    if not webhooks:
        msg = "delivery.webhooks: there are none, so there is nothing to deliver to; name one in config/monitor.yaml"
        raise UsageError(msg)
    path = settings.monitor.storage.path if db is None else db
    with ExitStack() as stack:
        stop = stack.enter_context(stopping())
        follow = stack.enter_context(closing(FileNudges(path)))
        delivery = stack.enter_context(open_delivery(settings, os.environ, follow))
        note(f"delivers nudges of {path} to {', '.join(webhook.name for webhook in webhooks)}; end it with Ctrl-C")
        asyncio.run(_until(stop, delivery))
    for name, counts in delivery.counts.items():
        note(
            f"{name}: {counts.delivered} delivered, {sum(counts.dead.values())} given up, {counts.retried} tries again"
        )


async def _until(stop: Event, delivery: "Delivery") -> None:
    """Deliver until asked to stop; what is under way then is sent again after the next start.

    Raises:
        OSError: what became of a nudge can't be noted, or the file of nudges can't be read.
    """
    delivering = asyncio.create_task(delivery.run())
    while not stop.is_set() and not delivering.done():
        await asyncio.wait([delivering], timeout=_BEAT_S)
    delivering.cancel()
    try:
        with suppress(asyncio.CancelledError):
            await delivering
    except ExceptionGroup as group:
        raise group.exceptions[0] from group
