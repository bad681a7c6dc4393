"""Keeps boards up to date: reads what comes, renders each view once however many look at it, and hands out changes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Final
from uuid import uuid4

from streams.board.model import Model
from streams.board.rendering import Renderer
from streams.board.tail import Tail
from streams.board.views import View
from streams.domain.units import Millis

_CHUNK: Final = 500
"""Records that are folded before others get their turn."""
_LEAST_S: Final = 0.25
"""The time between two renderings, at least: four changes in a second are all that anybody can follow."""
_SHARE: Final = 4
"""So many times as long as rendering took is waited for before it is done again."""
_IDLE_S: Final = 1.0
"""How long nothing may come before it is rendered again: time passes, nudges expire."""
_HEARTBEAT_S: Final = 15.0


@dataclass(eq=False, slots=True)
class Channel:
    """A view that somebody looks at, as it was rendered last, and since which version each part is as it is."""

    view: View
    parts: Mapping[str, str] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    version: int = 0
    listeners: int = 0
    frame: bytes = b""
    """What has to be sent to whoever has the version before."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, parts: Mapping[str, str], boot: str, now: Millis) -> None:
        """Take a new rendering; if anything is not as before, it is another version."""
        different = [name for name, part in parts.items() if self.parts.get(name) != part]
        self.parts = parts
        if not different:
            return
        self.version += 1
        self.since |= dict.fromkeys(different, self.version)
        self.frame = self.changes(self.version - 1, boot, now)
        before, self.changed = self.changed, asyncio.Event()
        before.set()

    def changes(self, version: int, boot: str, now: Millis) -> bytes:
        """Return an event with all parts that have changed since a version."""
        text = "".join(part for name, part in self.parts.items() if self.since[name] > version)
        lines = "".join(f"data: {line}\n" for line in text.split("\n"))
        return f"event: clock\ndata: {now}\n\nid: {boot}-{self.version}\nevent: show\n{lines}\n".encode()


class Hub:
    """Follows a tail and serves views of the model. All of it happens in one event loop."""

    def __init__(self, model: Model, tail: Tail, renderer: Renderer) -> None:
        self.failure: Exception | None = None
        """Why nothing is read any more, if that is so."""
        self._model = model
        self._tail = tail
        self._renderer = renderer
        self._boot = uuid4().hex[:8]
        self._channels: dict[View, Channel] = {}
        self._dirty: asyncio.Event | None = None
        self._closing: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read and render until the block ends."""
        self._loop, self._dirty, self._closing = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        tasks = [asyncio.create_task(work) for work in (self._watched(self._read()), self._watched(self._render()))]
        try:
            yield
        finally:
            self._closing.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def close(self) -> None:
        """Let every listener go, from any thread: a server that ends waits for them."""
        if self._loop is not None and self._closing is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._closing.set)

    def wake(self) -> None:
        """Have views rendered anew soon."""
        if self._dirty is not None:
            self._dirty.set()

    @property
    def listeners(self) -> int:
        """How many look at the moment."""
        return sum(channel.listeners for channel in self._channels.values())

    async def changes(self, view: View, goes_on: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Yield the whole of a view, then whatever changes of it, until the hub is closed or it shall not go on."""
        closing = self._closing
        if closing is None:
            return
        with self._listening(view) as channel:
            version = channel.version
            yield channel.changes(0, self._boot, self._renderer.now())
            while not closing.is_set() and goes_on():
                if channel.version == version:
                    if not await _either(channel.changed, closing, _HEARTBEAT_S):
                        yield f"event: clock\ndata: {self._renderer.now()}\n\n".encode()
                    continue
                if channel.version == version + 1:
                    frame = channel.frame
                else:
                    frame = channel.changes(version, self._boot, self._renderer.now())
                version = channel.version
                yield frame

    @contextmanager
    def _listening(self, view: View) -> Iterator[Channel]:
        channel = self._channels.get(view)
        if channel is None:
            channel = self._channels[view] = Channel(view)
            channel.take(self._renderer.fragments(view), self._boot, self._renderer.now())
        channel.listeners += 1
        try:
            yield channel
        finally:
            channel.listeners -= 1
            if not channel.listeners:
                del self._channels[view]

    async def _watched(self, work: Coroutine[object, object, None]) -> None:
        """Do work, and keep why it ended for whoever runs the process."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - not swallowed: whoever runs the board raises it
            self.failure = error

    async def _read(self) -> None:
        while True:
            batch = await self._tail.read()
            for start in range(0, len(batch.records), _CHUNK):
                self._model.fold(batch.records[start : start + _CHUNK])
                await asyncio.sleep(0)
            if self._renderer.catches_up != (not batch.at_end):
                self._renderer.catches_up = not batch.at_end
                self.wake()
            if batch.records:
                self.wake()

    async def _render(self) -> None:
        while True:
            begun = monotonic()
            if self._dirty is not None:
                self._dirty.clear()
            for channel in list(self._channels.values()):
                channel.take(self._renderer.fragments(channel.view), self._boot, self._renderer.now())
                await asyncio.sleep(0)
            await asyncio.sleep(max(_LEAST_S, _SHARE * (monotonic() - begun)))
            if self._dirty is not None:
                await _either(self._dirty, self._dirty, _IDLE_S)


async def _either(one: asyncio.Event, other: asyncio.Event, timeout: float) -> bool:  # noqa: ASYNC109 - what it returns says that time is up
    """Wait until one of two things happens; say whether it did within a time."""
    waiting = {asyncio.create_task(event.wait()) for event in (one, other)}
    try:
        done, _ = await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
    return bool(done)
