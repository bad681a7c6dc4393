"""A receiver of webhooks on loopback that answers as a test tells it to, and keeps what it was sent."""

import asyncio
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple


class Answer(NamedTuple):
    """What a request is answered with."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b"ok"


class Reset:
    """The connection is cut before an answer."""


class Hang:
    """No answer ever comes."""


class Dither:
    """It is said again and again that an answer will come."""


@dataclass(frozen=True)
class Received:
    """A request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        """What the event says."""
        data: dict[str, Any] = json.loads(self.body)["data"]
        return data


@dataclass
class Target:
    """A receiver. Answers that were set come first, in their order; then it is content with everything.

    Attributes:
        on_request: called with each request, before it is answered.
    """

    url: str = ""
    answers: deque[Answer | Reset | Hang | Dither] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    on_request: Callable[[Received], object] = lambda _: None

    def then(self, *answers: Answer | Reset | Hang | Dither) -> None:
        """Set what the next requests are answered with."""
        self.answers.extend(answers)

    def nudges(self) -> list[str]:
        """Return the ids of the nudges that it was sent."""
        return [str(request.said["nudge_id"]) for request in self.received]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            while await self._answer(reader, writer):
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the other side has gone
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Received(head[0].split()[1], headers, body)
        self.received.append(request)
        self.on_request(request)
        answer = self.answers.popleft() if self.answers else Answer()
        if isinstance(answer, Hang):
            await reader.read()  # until the other side gives up
            return False
        while isinstance(answer, Dither):
            writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0)
        if isinstance(answer, Reset):
            writer.transport.abort()
            return False
        told = {"content-length": str(len(answer.body)), **answer.headers}
        lines = [f"HTTP/1.1 {answer.status} X", *(f"{name}: {value}" for name, value in told.items()), "", ""]
        writer.write("\r\n".join(lines).encode() + answer.body)
        return True


@asynccontextmanager
async def target(
    answers: Iterable[Answer | Reset | Hang | Dither] = (), tls: ssl.SSLContext | None = None
) -> AsyncIterator[Target]:
    """Run a receiver until the block ends."""
    running = Target(answers=deque(answers))
    server = await asyncio.start_server(running.serve, "127.0.0.1", 0, ssl=tls)
    running.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/nudges"
    async with server:
        yield running


SALT: Final = b"salt of customers"
