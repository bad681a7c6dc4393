"""A board over records that a test tells it, behind its entrance, as somebody sees it: without a server, or with one.

Whoever looks comes by a reverse proxy that says who they are, so that a test can change that at any time.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple

import httpx

from streams.board.access.config import AccessConfig, Proxy, Role
from streams.board.app import Board, Log
from streams.board.model import Centre
from streams.board.viewer import LOCAL, Viewer
from streams.cli.serving import listen, serving
from streams.contracts.decode import decode
from streams.domain.events import ActionTaken
from streams.domain.units import Millis
from tests.board import Record, at

NOW: Final = at(hours=9, minutes=20)
KEY: Final = b"key"
SALT: Final = b"salt of the audit log"
PROXY_SECRET: Final = "hush, proxy"  # noqa: S105 - of a proxy in tests
LOOPBACK: Final = (ip_network("127.0.0.0/8"),)
HERE: Final = "127.0.0.1:8089"
RIGHTS: Final = {
    "looks": Role(),
    "everywhere": Role(all_teams=True),
    "customers": Role(sees_customers=True),
    "answers": Role(may_act=True),
}
ACCESS: Final = AccessConfig(Proxy(PROXY_SECRET), SALT, RIGHTS, proxies=LOOPBACK)


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
    """A board, its log, its audit, and who looks at it; ``now`` and ``viewer`` may be set."""

    def __init__(
        self,
        viewer: Viewer = LOCAL,
        records: Sequence[Record] = (),
        now: Millis = NOW,
        access: AccessConfig = ACCESS,
    ) -> None:
        self.viewer = viewer
        self.now = now
        self.appended: list[bytes] = []
        self.is_full = False
        self.tail = Telling()
        self.clock: Callable[[], Millis] | None = None
        self._audit = access.audit
        log = Log(self._append, Unwritable)
        self.board = Board(Centre(), self.tail, log, now=self._now, key=KEY, access=access, wall_clock=self._now)
        self.board.model.fold(records)
        self.client = Client(self)

    @property
    def actions(self) -> list[ActionTaken]:
        """What is in the log, as whoever reads it understands it."""
        events = [decode(record, self._now()) for record in self.appended]
        assert all(isinstance(event, ActionTaken) for event in events)
        return [event for event in events if isinstance(event, ActionTaken)]

    def audit(self) -> list[dict[str, Any]]:
        """Return the lines of the audit log."""
        assert self._audit is not None
        return audit_of(self._audit)

    def problem(self, contact: str) -> str:
        """Return the address of the problem that a contact is about."""
        return f"/problem/{self.board.model.contacts.token_of_problem(contact)}"

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve the board; yield its address."""
        with serving(self.board.app, listen("127.0.0.1", 0), lifespan="on") as server:
            try:
                yield server.url
            finally:
                self.board.close()

    def _now(self) -> Millis:
        return self.now if self.clock is None else self.clock()

    def _append(self, records: Sequence[bytes], _: Millis) -> None:
        if self.is_full:
            msg = "the disk is full"
            raise Unwritable(msg)
        self.appended += records


class Client:
    """The browser of whoever looks at a desk, as far as forms go."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._transport = httpx.ASGITransport(desk.board.app)
        self._once = 0

    def get(self, path: str, host: str = HERE) -> httpx.Response:
        return self._send("GET", path, host, None, {})

    def page(self, path: str = "/") -> str:
        response = self.get(path)
        assert response.status_code == 200, response.text
        return response.text

    def post(self, path: str, fields: Mapping[str, str] | bytes, **headers: str) -> httpx.Response:
        return self._send("POST", path, HERE, fields, {"origin": f"http://{HERE}", "hx-request": "true"} | headers)

    def answer(self, nudge: str, action: str = "act", note: str = "called back", **fields: str) -> httpx.Response:
        """Answer a nudge as the page's form does, which is loaded first."""
        self._once += 1
        form = {"nudge_id": nudge, "note": note, "form_token": fresh(form_token_in(self.page()), self._once)}
        return self.post(f"/nudges/{action}", form | fields)

    def _send(
        self, method: str, path: str, host: str, body: Mapping[str, str] | bytes | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url=f"http://{host}") as client:
                content = {"content": body} if isinstance(body, bytes) else {"data": body}
                sent = by_proxy(self._desk.viewer) | dict(headers)
                return await client.request(method, path, headers=sent, **content)

        return asyncio.run(send())


def by_proxy(viewer: Viewer) -> dict[str, str]:
    """Return the headers with which the proxy says who looks."""
    rights = {"everywhere": viewer.teams is None, "customers": viewer.sees_customers, "answers": viewer.may_act}
    return {
        "x-forwarded-user": viewer.name,
        "x-forwarded-teams": ",".join(viewer.teams or ()),
        "x-forwarded-roles": ",".join(["looks", *(role for role, has in rights.items() if has)]),
        "x-proxy-secret": PROXY_SECRET,
    }


def audit_of(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def form_token_in(page: str) -> str:
    found = re.search(r'id="form-token" value="([^"]+)"', page)
    assert found
    return found[1]


def fresh(token: str, number: int) -> str:
    """Return the token of a page as its script sends it: with a nonce of its own."""
    return re.sub(r"^[^.]*", f"{number:032x}", token)


def nudges_in(page: str) -> list[str]:
    """The nudges that a page shows, by what stands for them in its forms."""
    return re.findall(r'id="row-([^"]+)"', page)


def problems_in(page: str) -> list[str]:
    return re.findall(r'href="(/problem/[^"]+)"', page)


def viewer(*teams: str, sees_customers: bool = True, may_act: bool = True) -> Viewer:
    return Viewer("somebody", frozenset(teams), sees_customers=sees_customers, may_act=may_act)
