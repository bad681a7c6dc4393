"""Many who look at a board at once, each over a connection of its own, from one process.

Run by the benchmark as ``python -m tests.bench.board.clients URL HOW_MANY``. They spread over the whole centre, its
teams and their queues. Says when all of them have their first view, and once it is told to end what came.
"""

import asyncio
import re
import sys
from dataclasses import dataclass, field
from functools import partial
from time import time
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from streams.domain.units import SECOND
from streams.sources.simulator.presets import demo_plan
from tests.bench.child import say

_ROW: Final = re.compile(rb'<li id="row-([\w-]+)"')
_END: Final = b"\n\n"
_SHOW: Final = b"event: show\n"


@dataclass(eq=False)
class Client(asyncio.Protocol):
    """Somebody who looks: when each row was shown to them first, and when anything was."""

    url: str
    view: dict[str, str]
    shown: asyncio.Event = field(default_factory=asyncio.Event)
    rows: dict[str, float] = field(default_factory=dict)
    frames: list[float] = field(default_factory=list)
    received: int = 0
    lost: bool = False
    _coming: bytearray = field(default_factory=bytearray)
    _searched: int = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the view."""
        assert isinstance(transport, asyncio.Transport)
        where = f"/events?{urlencode(self.view)}"
        transport.write(f"GET {where} HTTP/1.1\r\nHost: {urlsplit(self.url).netloc}\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        """Take what comes; a frame is there once its last byte is."""
        now = time()
        self.received += len(data)
        self._coming += data
        while (end := self._coming.find(_END, self._searched)) >= 0:
            frame = bytes(self._coming[: end + len(_END)])
            del self._coming[: end + len(_END)]
            self._searched = 0
            if _SHOW in frame:
                self._show(frame, now)
        self._searched = max(len(self._coming) - 1, 0)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - it is asyncio's
        """Note that it ended."""
        self.lost = True
        self.shown.set()

    def _show(self, frame: bytes, now: float) -> None:
        self.frames.append(now * SECOND)
        for row in _ROW.findall(frame):
            self.rows.setdefault(row.decode(), now * SECOND)
        self.shown.set()

    def told(self) -> dict[str, Any]:
        """Return what came."""
        return {name: getattr(self, name) for name in ("view", "rows", "frames", "received", "lost")}


def views() -> list[dict[str, str]]:
    """Return what people look at: everything, a team, a queue."""
    queues = demo_plan().queues
    teams = [{"team": team} for team in sorted({queue.team for queue in queues})]
    return [{}, *teams, *({"team": queue.team, "queue": queue.name} for queue in queues)]


async def _look(url: str, how_many: int) -> None:
    loop = asyncio.get_running_loop()
    seen = views()
    clients = [Client(url, seen[n % len(seen)]) for n in range(how_many)]
    address = urlsplit(url)
    host, port = address.hostname or "", address.port or 0
    opened = [(await loop.create_connection(partial(_same, client), host, port))[0] for client in clients]
    for client in clients:
        await client.shown.wait()
    say({"ready": True})
    await asyncio.to_thread(sys.stdin.readline)
    told = [client.told() for client in clients]
    for transport in opened:
        transport.close()
    say({"saw": told})


def _same(client: Client) -> Client:
    return client


if __name__ == "__main__":
    asyncio.run(_look(sys.argv[1], int(sys.argv[2])))
