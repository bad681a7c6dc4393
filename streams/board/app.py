"""The board over HTTP: pages, what changes of them as server-sent events, and actions."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from streams.board.actions import ACTIONS, Actions, Append, Form, Refused, read_form
from streams.board.audit import Audit, Entry, unwritten
from streams.board.hub import Hub
from streams.board.masks import Masks
from streams.board.model import Centre, Model
from streams.board.problem import find_problem
from streams.board.rendering import Renderer
from streams.board.security import LOOPBACK_NAMES, Secured
from streams.board.sessions import CookieSessions, Session, Sessions
from streams.board.tail import Tail
from streams.board.viewer import LOCAL, Viewer
from streams.board.views import Kind, View
from streams.domain.units import Millis

MOST_LISTENERS: Final = 1_000
_MOST_NAME: Final = 200
_STATIC: Final = Path(__file__).parent / "static"


def everyone_is_local(_: Request) -> Viewer:
    """Return who looks where only this machine can: somebody with all rights."""
    return LOCAL


@dataclass(frozen=True, slots=True)
class Access:
    """Who may look and act, and what is written down of it.

    Attributes:
        viewer_of: says who sends a request; may raise Starlette's ``HTTPException``.
        sessions: guards forms; by default with a cookie.
        audit: is told of every page, problem and action, and of what was refused.
        hosts: the names that the board answers to; ``None`` for any.
    """

    viewer_of: Callable[[Request], Viewer] = everyone_is_local
    sessions: Sessions | None = None
    audit: Audit = unwritten
    hosts: frozenset[str] | None = LOOPBACK_NAMES


@dataclass(frozen=True, slots=True)
class Log:
    """Where actions go: how they are put there, and what is raised where that can't be done."""

    append: Append
    unavailable: type[Exception]


class Board:
    """A board: its application, and the reading behind it, which lives as long as the application does."""

    def __init__(  # noqa: PLR0913 - what it is made of
        self,
        centre: Centre,
        tail: Tail,
        log: Log,
        *,
        now: Callable[[], Millis],
        key: bytes,
        access: Access = Access(),
    ) -> None:
        """Put a board together.

        Args:
            centre: what the contact centre wants.
            tail: what is read.
            log: where actions go.
            now: the clock that staleness and expiry go by.
            key: of the hashes that stand for ids; addresses of problems outlive the process if it does.
            access: who may do what.
        """
        masks = Masks(key)
        self.model = Model(centre, masks.token)
        self._renderer = Renderer(self.model, masks, now)
        self._hub = Hub(self.model, tail, self._renderer)
        self._access = access
        self._sessions = access.sessions or CookieSessions(key)
        self._actions = Actions(self.model, log.append, log.unavailable, now, self._sessions, self._hub.wake)
        self.app = self._make_app()

    def close(self) -> None:
        """Let go of whoever looks, so that the server can end; from any thread."""
        self._hub.close()

    def check(self) -> None:
        """Make sure that it is still up to date.

        Raises:
            Exception: what has ended it.
        """
        if self._hub.failure is not None:
            raise self._hub.failure

    def _make_app(self) -> Starlette:
        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with self._hub.running():
                yield

        return Starlette(
            routes=[
                Route("/", partial(self._board, "board"), methods=["GET"]),
                Route("/wallboard", partial(self._board, "wallboard"), methods=["GET"]),
                Route("/problem/{token}", self._problem, methods=["GET"]),
                Route("/events", self._events, methods=["GET"]),
                Route("/nudges/{action}", self._act, methods=["POST"]),
                Mount("/static", StaticFiles(directory=_STATIC)),
            ],
            middleware=[Middleware(Secured, hosts=self._access.hosts)],
            exception_handlers={HTTPException: self._explain},
            lifespan=lifespan,
        )

    # --- pages ------------------------------------------------------------------------------------------------------

    async def _board(self, kind: Kind, request: Request) -> Response:
        viewer = self._access.viewer_of(request)
        return self._page(request, viewer, self._view(request, viewer, kind))

    async def _problem(self, request: Request) -> Response:
        viewer = self._access.viewer_of(request)
        return self._page(request, viewer, self._problem_view(viewer, request.path_params["token"]))

    def _page(self, request: Request, viewer: Viewer, view: View) -> Response:
        session = self._sessions.of(request)
        page = self._renderer.page(view, viewer.name, session.csrf, f"/events?{_query(view)}")
        self._note(viewer, view.kind, _about(view))
        response = HTMLResponse(page)
        self._sessions.keep(session, response)
        return response

    async def _explain(self, request: Request, error: Exception) -> Response:
        """Say in a page what went wrong."""
        assert isinstance(error, HTTPException)  # noqa: S101 - the only kind that it is registered for
        if error.status_code == HTTPStatus.NOT_FOUND:
            text = "There is nothing here, or nothing that you may see."
        else:
            text = error.detail
        page = self._renderer.message(HTTPStatus(error.status_code).phrase, text)
        headers = dict(error.headers or {})
        return HTMLResponse("" if request.method == "HEAD" else page, error.status_code, headers)

    # --- changes ----------------------------------------------------------------------------------------------------

    async def _events(self, request: Request) -> Response:
        viewer = self._access.viewer_of(request)
        kind = request.query_params.get("kind", "board")
        if kind == "problem":
            view = self._problem_view(viewer, request.query_params.get("problem", ""))
        elif kind in ("board", "wallboard"):
            view = self._view(request, viewer, "wallboard" if kind == "wallboard" else "board")
        else:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if self._hub.listeners >= MOST_LISTENERS:
            detail = "Too many boards are open; close some."
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": "30"})
        session = self._sessions.of(request)
        response = StreamingResponse(
            self._stream(request, viewer, view, session),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )
        self._sessions.keep(session, response)
        self._note(viewer, "events", _about(view))
        return response

    async def _stream(self, request: Request, viewer: Viewer, view: View, session: Session) -> AsyncIterator[bytes]:
        yield f"retry: 1000\nevent: session\ndata: {session.csrf}\n\n".encode()

        def goes_on() -> bool:
            return self._access.viewer_of(request) == viewer

        async for frame in self._hub.changes(view, goes_on):
            yield frame

    # --- actions ----------------------------------------------------------------------------------------------------

    async def _act(self, request: Request) -> Response:
        viewer = self._access.viewer_of(request)
        action = ACTIONS.get(request.path_params["action"])
        if action is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        form: Form | None = None
        try:
            form = await read_form(request)
            said = await self._actions.take(request, viewer, action, form)
        except Refused as refused:
            self._note(viewer, action, self._nudge_of(viewer, form), f"refused: {refused.outcome}")
            return HTMLResponse(escape(str(refused)), refused.status)
        self._note(viewer, action, self._nudge_of(viewer, form))
        return HTMLResponse(escape(said), headers={"HX-Trigger": f'{{"answered": "{said}"}}'})

    def _nudge_of(self, viewer: Viewer, form: Form | None) -> str | None:
        nudge = None if form is None else self._actions.find(viewer, form)
        return None if nudge is None else nudge.nudge_id

    # --- who may see what -------------------------------------------------------------------------------------------

    def _view(self, request: Request, viewer: Viewer, kind: Kind) -> View:
        """Return the view that a request chooses; of a team that is not the viewer's there is none."""
        team, queue = (request.query_params.get(name) or None for name in ("team", "queue"))
        if (team is not None and not viewer.sees(team)) or max(len(team or ""), len(queue or "")) > _MOST_NAME:
            self._note(viewer, kind, urlencode({"team": (team or "")[:_MOST_NAME]}), "refused: not theirs")
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return View.of(viewer, kind, team, queue)

    def _problem_view(self, viewer: Viewer, token: str) -> View:
        if find_problem(self.model, token, viewer) is None:
            self._note(viewer, "problem", token[:_MOST_NAME], "refused: unknown, or not theirs")
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return View.of(viewer, "problem", problem=token)

    def _note(self, viewer: Viewer, what: str, about: str | None, outcome: str = "done") -> None:
        self._access.audit(Entry(viewer.name, what, about, outcome))


def _query(view: View) -> str:
    chosen = {"kind": view.kind, "team": view.team, "queue": view.queue, "problem": view.problem}
    return urlencode({name: text for name, text in chosen.items() if text is not None})


def _about(view: View) -> str | None:
    if view.kind == "problem":
        return view.problem
    chosen = {"team": view.team, "queue": view.queue}
    return urlencode({name: text for name, text in chosen.items() if text is not None}) or None
