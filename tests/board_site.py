"""A small board behind its entrance, over HTTP: pages that say who is there, and an action."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Queue
from typing import Any, Final

import httpx
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from streams.board.access.config import AccessConfig, Role, Way
from streams.board.access.entrance import entrance
from streams.board.access.guard import Subject
from streams.board.access.passage import form_of, form_token, viewer_of
from streams.cli.serving import listen, serving
from streams.domain.units import DAY, Millis

ROLES: Final = {
    "lead": Role(sees_customers=True, may_act=True),
    "watcher": Role(),
    "manager": Role(all_teams=True),
}
SALT: Final = b"salt of the audit log"


@dataclass
class Clock:
    """A clock that tests move."""

    at: Millis = 20_000 * DAY

    def __call__(self) -> Millis:
        return self.at


@dataclass
class Board:
    """A board that runs, and who looks at it."""

    client: httpx.Client
    clock: Clock
    audit: Path
    acted: list[Mapping[str, str]] = field(default_factory=list)
    news: Queue[str | None] = field(default_factory=Queue)

    @property
    def url(self) -> str:
        return str(self.client.base_url).rstrip("/")

    def get(self, path: str = "/", **headers: str) -> httpx.Response:
        sent = {"accept": "text/html"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(path, headers=sent)

    def token(self, **headers: str) -> str:
        """Return the token of a form that the board shows."""
        return str(self.get("/", **headers).json()["form_token"])

    def act(self, token: str | None = None, origin: str | None = "", **headers: str) -> httpx.Response:
        """Send the form of an action, as a page of the board would."""
        form = {"nudge_id": "repeat:contact-1", "note": "called back"}
        if token is not None:
            form["form_token"] = token
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if origin is not None:
            sent["origin"] = origin or self.url
        return self.client.post("/act", data=form, headers=sent)

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the audit log."""
        lines = self.audit.read_text(encoding="ascii").splitlines() if self.audit.exists() else []
        return [json.loads(line) for line in lines]

    def refusals(self) -> list[str]:
        """Return why requests were refused."""
        return [line["why"] for line in self.log() if line["result"] == "refused"]


def describe(request: Request, form: Mapping[str, str]) -> Subject | None:
    if request.url.path == "/act":
        return Subject("action", form.get("nudge_id"))
    if request.url.path.startswith("/problem/"):
        return Subject("problem", request.url.path.removeprefix("/problem/"))
    return Subject("page")


def _app(board: Callable[[], Board]) -> Starlette:
    async def page(request: Request) -> Response:
        viewer = viewer_of(request)
        return JSONResponse(
            {
                "name": viewer.name,
                "teams": None if viewer.teams is None else sorted(viewer.teams),
                "sees_customers": viewer.sees_customers,
                "may_act": viewer.may_act,
                "form_token": form_token(request),
            }
        )

    async def act(request: Request) -> Response:
        board().acted.append({**form_of(request), "actor": viewer_of(request).name})
        return PlainTextResponse("done")

    async def body(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def live(_: Request) -> Response:
        async def lines() -> AsyncIterator[str]:
            while (line := await run_in_threadpool(board().news.get)) is not None:
                yield f"{line}\n"

        return StreamingResponse(lines())

    async def style(_: Request) -> Response:
        return PlainTextResponse("main {}", media_type="text/css")

    return Starlette(
        routes=[
            Route("/", page),
            Route("/problem/{id}", page),
            Route("/act", act, methods=["POST"]),
            Route("/body", body, methods=["POST"]),
            Route("/live", live),
            Route("/static/board.css", style),
        ]
    )


@contextmanager
def board(way: Way, folder: Path, clock: Clock | None = None, **config: object) -> Iterator[Board]:
    """Run a board that people sign in to in some way, with settings as a test asks for."""
    clock = clock or Clock()
    audit = folder / "audit.jsonl"
    listening = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    chosen = replace(AccessConfig(way, SALT, ROLES, url=url, audit=audit), **config)  # type: ignore[arg-type] # of any field
    running: list[Board] = []
    app = entrance(_app(lambda: running[0]), chosen, clock, describe=describe, public=["/static/"])
    with serving(app, listening) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        running.append(Board(client, clock, audit))
        yield running[0]
