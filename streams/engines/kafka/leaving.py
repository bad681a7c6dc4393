"""Leaving brokers, who may be away: what is under way is waited for during a moment, and then given up.

A client of aiokafka that is told to stop sends first what it still has to send, however long that takes; and one that
waits between two tries when it is stopped passes its own cancellation on to whoever stops it.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

logger = logging.getLogger(__name__)

_CLOSE_S: Final = 4.0
_GIVE_UP_S: Final = 0.5


async def leave(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Disconnect a client, whatever state it is in. What it could not send in time may have been written or not."""
    if not await ends(client.stop()):
        await give_up(client)


async def ends(ending: Coroutine[Any, Any, None]) -> bool:
    """Wait a moment for something to end, and cancel it then; say whether it has ended well."""
    task = asyncio.ensure_future(ending)
    await asyncio.wait([task], timeout=_CLOSE_S)
    if not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_CLOSE_S)
        return False
    if task.cancelled():
        return False
    error = task.exception()
    if error is not None:
        logger.info("a client was left behind: %r", error)
    return error is None


async def give_up(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Close the connections of a client, and have it try no more."""
    if isinstance(client, AIOKafkaConsumer):
        await client._client.close()  # noqa: SLF001 - it has no other way
        return
    await client.client.close()
    sender = client._sender.sender_task if client._sender is not None else None  # noqa: SLF001 - it has no other way
    for _ in range(2):  # told once, it waits for the request that it is trying
        if sender is not None:
            sender.cancel()
            await asyncio.wait([sender], timeout=_GIVE_UP_S)
