"""``deliver``: nudges to where team leads are, by webhook."""

import asyncio
import os
from contextlib import ExitStack, suppress
from threading import Event
from typing import TYPE_CHECKING, Annotated, Final

import typer

from streams.bootstrap.delivery import file_nudges, open_delivery, topic_nudges
from streams.cli.consoles import note
from streams.cli.exits import UsageError
from streams.cli.logs import log_kafka
from streams.cli.options import ConfigDir, Engine, settings_of
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
    engine: Annotated[
        Engine,
        typer.Option(help="embedded: nudges of the file --db. kafka: those of the topic in the settings."),
    ] = Engine.EMBEDDED,
) -> None:
    """Deliver nudges to the webhooks of the settings (`delivery.webhooks`), until SIGINT or SIGTERM.

    Each webhook gets what is told from its first start on, in order, and after a restart goes on where it was. What it
    does not take is tried again until the nudge expires, then put in the file of those undelivered, with the reason.

    Example: outcome-monitor deliver --db monitor.db

    Example: outcome-monitor deliver --engine kafka
    """
    settings = settings_of(config)
    if engine is Engine.KAFKA and db is not None:
        msg = "--db: is for the embedded engine; with kafka, nudges are in a topic"
        raise UsageError(msg)
    webhooks = settings.monitor.delivery.webhooks
    if not webhooks:
        msg = "delivery.webhooks: there are none, so there is nothing to deliver to; name one in config/monitor.yaml"
        raise UsageError(msg)
    with ExitStack() as stack:
        stop = stack.enter_context(stopping())
        if engine is Engine.KAFKA:
            log_kafka()
            follow, where = topic_nudges(settings), settings.monitor.kafka.topics.nudges.name
        else:
            where = settings.monitor.storage.path if db is None else db
            follow = file_nudges(where)
        delivery = stack.enter_context(open_delivery(settings, os.environ, follow))
        note(f"delivers nudges of {where} to {', '.join(webhook.name for webhook in webhooks)}; end it with Ctrl-C")
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
