"""Keeps boards up to date: reads what comes, renders each view once however many look at it, and hands out changes."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Container, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Final
from uuid import uuid4

from streams.board.counts import Scope
from streams.board.model import Model
from streams.board.rendering import OF_NUDGES, Renderer
from streams.board.tail import Tail
from streams.board.views import View
from streams.domain.units import Millis

logger = logging.getLogger(__name__)

_CHUNK: Final = 500
"""Records that are folded before others get their turn."""
_LEAST_S: Final = 0.25
"""The time between two renderings, at least: four changes in a second are all that anybody can follow."""
_SOON_S: Final = 0.1
"""The same of nudges alone, which don't wait for what is counted: the customer is on the line."""
_SHARE: Final = 4
"""So many times as long as rendering took is waited for before it is done again."""
_IDLE_S: Final = 1.0
"""How long nothing may come before it is rendered again: time passes, nudges expire."""
_HEARTBEAT_S: Final = 15.0
"""How long nothing may be sent: whoever looks is asked as often whether they still may."""
_LINE_END: Final = re.compile("\r\n|\r|\n")
"""What ends a line of an event stream, and so must not be in one."""
_EVERYWHERE: Final = Scope()


@dataclass(eq=False, slots=True)
class Channel:
    """A view that somebody looks at, as it was rendered last, and since which version each part is as it is."""

    view: View
    parts: dict[str, str] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    version: int = 0
    nudged: int = 0
    """The revision of the nudges in its scope, as they were rendered last."""
    listeners: int = 0
    frame: bytes = b""
    """What has to be sent to whoever has the version before."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, parts: Mapping[str, str], boot: str, now: Millis) -> None:
        """Take a new rendering of some parts; if anything is not as before, it is another version."""
        different = [name for name, part in parts.items() if self.parts.get(name) != part]
        self.parts |= parts
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
        lines = "".join(f"data: {line}\n" for line in _LINE_END.split(text))
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
        self._dirty = asyncio.Event()
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_open = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read and render until the block ends."""
        self._loop, self._is_open = asyncio.get_running_loop(), True
        work = (self._read(), self._render(), self._render_nudges())
        tasks = [asyncio.create_task(self._watched(each)) for each in work]
        try:
            yield
        finally:
            self._let_go()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def close(self) -> None:
        """Let every listener go, from any thread: a server that ends waits for them."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._let_go)

    def wake(self) -> None:
        """Have views rendered anew soon."""
        self._changed.set()  # first, so that nudges are
        self._dirty.set()

    @property
    def listeners(self) -> int:
        """How many look at the moment."""
        return sum(channel.listeners for channel in self._channels.values())

    async def changes(self, view: View) -> AsyncGenerator[bytes]:
        """Yield the whole of a view, then whatever changes of it, until the hub is closed."""
        if not self._is_open:
            return
        with self._listening(view) as channel:
            version = channel.version
            yield channel.changes(0, self._boot, self._renderer.now())
            while self._is_open:
                if channel.version == version:
                    if not await _happens(channel.changed, _HEARTBEAT_S):
                        yield f"event: clock\ndata: {self._renderer.now()}\n\n".encode()
                    continue
                if channel.version == version + 1:
                    frame = channel.frame
                else:
                    frame = channel.changes(version, self._boot, self._renderer.now())
                version = channel.version
                yield frame

    def _let_go(self) -> None:
        self._is_open = False
        for channel in self._channels.values():
            channel.changed.set()

    @contextmanager
    def _listening(self, view: View) -> Iterator[Channel]:
        channel = self._channels.get(view)
        if channel is None:
            channel = self._channels[view] = Channel(view)
            self._renew(channel)
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
            self._renderer.unreadable += batch.unreadable
            for start in range(0, len(batch.records), _CHUNK):
                for wrong in self._model.fold(batch.records[start : start + _CHUNK]):
                    self._renderer.unreadable += 1
                    logger.warning("a record is left out, since it is none of its topic: %s", wrong)
                await asyncio.sleep(0)
            if self._renderer.catches_up != (not batch.at_end):
                self._renderer.catches_up = not batch.at_end
                self.wake()
            if batch.records or batch.unreadable:
                self.wake()

    async def _render(self) -> None:
        """Render everything, now and then."""
        while True:
            begun = monotonic()
            self._dirty.clear()
            for channel in list(self._channels.values()):
                self._renew(channel)
                await asyncio.sleep(0)
            await asyncio.sleep(max(_LEAST_S, _SHARE * (monotonic() - begun)))
            await _happens(self._dirty, _IDLE_S)

    async def _render_nudges(self) -> None:
        """Render nudges, and only those, where any has changed; as soon as it has."""
        seen = 0
        while True:
            await self._changed.wait()
            self._changed.clear()
            revision = self._model.nudges.revision(_EVERYWHERE)
            if revision == seen:
                continue
            seen, begun = revision, monotonic()
            for channel in list(self._channels.values()):
                if channel.nudged != self._model.nudges.revision(channel.view.scope):
                    self._renew(channel, OF_NUDGES)
                    await asyncio.sleep(0)
            await asyncio.sleep(max(_SOON_S, _SHARE * (monotonic() - begun)))

    def _renew(self, channel: Channel, among: Container[str] | None = None) -> None:
        channel.nudged = self._model.nudges.revision(channel.view.scope)
        channel.take(self._renderer.fragments(channel.view, among), self._boot, self._renderer.now())


async def _happens(event: asyncio.Event, within_s: float) -> bool:
    """Wait until something happens; say whether it did in time."""
    try:
        async with asyncio.timeout(within_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
