"""Clients of brokers that are away are left, whatever they do about it."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from streams.engines.kafka import leaving


async def well() -> None:
    await asyncio.sleep(0)


async def never() -> None:
    await asyncio.Event().wait()


async def cancelling_what_it_waits_for() -> None:
    """As aiokafka's consumer does when it is stopped between two tries."""
    trying = asyncio.create_task(never())
    await asyncio.sleep(0)
    trying.cancel()
    await trying


async def failing() -> None:
    raise ConnectionError


async def deaf() -> None:
    """Goes on although it was cancelled once."""
    with suppress(asyncio.CancelledError):
        await never()
    await never()


@pytest.mark.parametrize(
    ("ending", "well_done"),
    [(well, True), (cancelling_what_it_waits_for, False), (failing, False), (never, False), (deaf, False)],
)
def test_whoever_leaves_goes_on_however_it_ends(
    ending: Callable[[], Coroutine[Any, Any, None]],
    well_done: bool,  # noqa: FBT001 - of the table above
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leaving, "_CLOSE_S", 0.01)

    async def leave() -> bool:
        return await leaving.ends(ending())

    assert asyncio.run(leave()) is well_done
