"""A board over records that a test tells it, as somebody sees it: without a server, or with one."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import NamedTuple

import httpx

from streams.board.app import Access, Board, Log
from streams.board.audit import Entry
from streams.board.model import Centre
from streams.board.viewer import LOCAL, Viewer
from streams.cli.serving import listen, serving
from streams.contracts.decode import decode
from streams.domain.events import ActionTaken
from streams.domain.units import Millis
from tests.board import Record, at

NOW = at(hours=9, minutes=20)


class Told(NamedTuple):
    records: Sequence[Record]
    at_end: bool = True
    unreadable: int = 0


@dataclass
class Telling:
    """A tail of what a test tells, or fails with."""

    coming: SimpleQueue[Sequence[Record] | Told | Exception] = field(default_factory=SimpleQueue)

    async def read(self) -> Told:
        while True:
            try:
                told = self.coming.get_nowait()
            except Empty:
                await asyncio.sleep(0.01)
                continue
            if isinstance(told, Exception):
                raise told
            return told if isinstance(told, Told) else Told(told)


class Unwritable(Exception):  # noqa: N818 - named for what it means
    """What the log says when it can't be written."""


class Desk:
    """A board, its log, its audit, and who looks at it; ``now`` may be set."""

    def __init__(self, viewer: Viewer = LOCAL, records: Sequence[Record] = (), now: Millis = NOW) -> None:
        self.viewer = viewer
        self.now = now
        self.appended: list[bytes] = []
        self.audit: list[Entry] = []
        self.is_full = False
        self.tail = Telling()
        access = Access(lambda _: self.viewer, audit=self.audit.append)
        log = Log(self._append, Unwritable)
        self.board = Board(Centre(), self.tail, log, now=lambda: self.now, key=b"key", access=access)
        self.board.model.fold(records)
        self.client = Client(self.board)

    @property
    def actions(self) -> list[ActionTaken]:
        """What is in the log, as whoever reads it understands it."""
        events = [decode(record, self.now) for record in self.appended]
        assert all(isinstance(event, ActionTaken) for event in events)
        return [event for event in events if isinstance(event, ActionTaken)]

    def outcomes(self) -> list[tuple[str, str]]:
        return [(entry.what, entry.outcome) for entry in self.audit]

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve the board; yield its address."""
        with serving(self.board.app, listen("127.0.0.1", 0), lifespan="on") as server:
            try:
                yield server.url
            finally:
                self.board.close()

    def _append(self, records: Sequence[bytes], _: Millis) -> None:
        if self.is_full:
            msg = "the disk is full"
            raise Unwritable(msg)
        self.appended += records


class Client:
    """A browser, as far as forms and cookies go."""

    def __init__(self, board: Board) -> None:
        self._transport = httpx.ASGITransport(board.app)
        self.cookies = httpx.Cookies()
        self._once = 0

    def get(self, path: str, host: str = "127.0.0.1:8089") -> httpx.Response:
        return self._send("GET", path, host, None, {})

    def page(self, path: str = "/") -> str:
        response = self.get(path)
        assert response.status_code == 200, response.text
        return response.text

    def post(self, path: str, fields: Mapping[str, str] | bytes, **headers: str) -> httpx.Response:
        return self._send("POST", path, "127.0.0.1:8089", fields, headers)

    def answer(self, nudge: str, action: str = "act", note: str = "called back", **fields: str) -> httpx.Response:
        """Answer a nudge as the page's form does, which is loaded first."""
        self._once += 1
        form = {
            "nudge_id": nudge,
            "note": note,
            "csrf": csrf_of(self.page()),
            "form_token": f"token number {self._once:04}",
        }
        return self.post(f"/nudges/{action}", form | fields)

    def _send(
        self, method: str, path: str, host: str, body: Mapping[str, str] | bytes | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url=f"http://{host}", cookies=self.cookies
            ) as client:
                content = {"content": body} if isinstance(body, bytes) else {"data": body}
                response = await client.request(method, path, headers=dict(headers), **content)
                self.cookies.update(response.cookies)
                return response

        return asyncio.run(send())


def csrf_of(page: str) -> str:
    found = re.search(r'id="csrf" value="(\w+)"', page)
    assert found
    return found[1]


def nudges_in(page: str) -> list[str]:
    """The nudges that a page shows, by what stands for them in its forms."""
    return re.findall(r'id="row-([^"]+)"', page)


def problems_in(page: str) -> list[str]:
    return re.findall(r'href="(/problem/[^"]+)"', page)


def viewer(*teams: str, sees_customers: bool = True, may_act: bool = True) -> Viewer:
    return Viewer("somebody", frozenset(teams), sees_customers=sees_customers, may_act=may_act)
