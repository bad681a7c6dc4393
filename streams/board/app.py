"""The board over HTTP: pages, what changes of them as server-sent events, and actions; behind its entrance."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Send
from typing_extensions import override

from streams.board.access.config import AccessConfig
from streams.board.access.entrance import entrance
from streams.board.access.pages import is_asked_by_page, words
from streams.board.access.passage import form_of, form_token, identity_of, passage_of
from streams.board.access.port import Refused
from streams.board.actions import ACTIONS, Actions, Append
from streams.board.hub import Hub
from streams.board.masks import Masks
from streams.board.model import Centre, Model
from streams.board.problem import find_problem
from streams.board.rendering import Renderer
from streams.board.subjects import Subjects
from streams.board.tail import Tail
from streams.board.views import Kind, View
from streams.board.words import plain
from streams.domain.units import Millis

MOST_LISTENERS: Final = 1_000
_MOST_NAME: Final = 200
_STATIC: Final = Path(__file__).parent / "static"
_NOTHING: Final = "There is nothing here, or nothing that you may see."


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
        access: AccessConfig,
        wall_clock: Callable[[], Millis],
    ) -> None:
        """Put a board together.

        Args:
            centre: what the contact centre wants.
            tail: what is read.
            log: where actions go.
            now: the clock that staleness and expiry go by.
            key: of the hashes that stand for ids; addresses of problems outlive the process if it does.
            access: who gets in, and may do what.
            wall_clock: the clock that sessions go by, and the audit log.

        Raises:
            AccessError: nobody can get in like that.
        """
        masks = Masks(key)
        self.model = Model(centre, masks.token)
        self._renderer = Renderer(self.model, masks, now)
        self._hub = Hub(self.model, tail, self._renderer)
        self._actions = Actions(self.model, log.append, log.unavailable, now, self._hub.wake)
        self.app = entrance(self._make_app(), access, wall_clock, describe=Subjects(self.model), public=("/static/",))

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
            exception_handlers={HTTPException: self._explain, Refused: self._refuse},
            lifespan=lifespan,
        )

    # --- pages ------------------------------------------------------------------------------------------------------

    async def _board(self, kind: Kind, request: Request) -> Response:
        return self._page(request, self._view(request, kind))

    async def _problem(self, request: Request) -> Response:
        return self._page(request, self._problem_view(request, request.path_params["token"]))

    def _page(self, request: Request, view: View) -> Response:
        identity, live = identity_of(request), f"/events?{_query(view)}"
        page = self._renderer.page(
            view, identity.viewer.name, live, form_token=form_token(request), in_session=identity.in_session
        )
        return HTMLResponse(page)

    async def _explain(self, request: Request, error: Exception) -> Response:
        """Say in a page what went wrong."""
        assert isinstance(error, HTTPException)  # noqa: S101 - the only kind that it is registered for
        return self._message(request, error.status_code, error.detail, error.headers)

    async def _refuse(self, request: Request, error: Exception) -> Response:
        """Say why something is not shown or done: in a page, or to a page that asked, in the words that it shows."""
        assert isinstance(error, Refused)  # noqa: S101 - as above
        passage_of(request).why = error.why
        if is_asked_by_page(request):
            return words(plain(error.says), error.status)
        return self._message(request, error.status, error.says, error.headers)

    def _message(self, request: Request, status: int, text: str, headers: Mapping[str, str] | None) -> Response:
        says = _NOTHING if status == HTTPStatus.NOT_FOUND else text
        page = self._renderer.message(HTTPStatus(status).phrase, says)
        return HTMLResponse("" if request.method == "HEAD" else page, status, dict(headers or {}))

    # --- changes ----------------------------------------------------------------------------------------------------

    async def _events(self, request: Request) -> Response:
        view = self._view_of_changes(request)
        if self._hub.listeners >= MOST_LISTENERS:
            says = "Too many boards are open; close some."
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "too many boards are open", says, {"Retry-After": "30"})
        return _Stream(self._stream(request, view), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def _stream(self, request: Request, view: View) -> AsyncGenerator[bytes]:
        """Yield what the forms of the page must bring, and what changes."""
        yield f"retry: 1000\nevent: session\ndata: {form_token(request)}\n\n".encode()
        async with aclosing(self._hub.changes(view)) as changes:
            async for frame in changes:
                yield frame

    # --- actions ----------------------------------------------------------------------------------------------------

    async def _act(self, request: Request) -> Response:
        action = ACTIONS.get(request.path_params["action"])
        if action is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        form = form_of(request)
        said = await self._actions.take(
            identity_of(request).viewer, action, form.get("nudge_id", ""), form.get("note", "")
        )
        return words(said, HTTPStatus.OK, {"HX-Trigger": f'{{"answered": "{said}"}}'})

    # --- who may see what -------------------------------------------------------------------------------------------

    def _view_of_changes(self, request: Request) -> View:
        match request.query_params.get("kind", "board"):
            case "problem":
                return self._problem_view(request, request.query_params.get("problem", ""))
            case "board" | "wallboard" as kind:
                return self._view(request, kind)
            case _:
                raise HTTPException(HTTPStatus.NOT_FOUND)

    def _view(self, request: Request, kind: Kind) -> View:
        """Return the view that a request chooses; of a team that is not the viewer's there is none."""
        viewer = identity_of(request).viewer
        team, queue = (request.query_params.get(name) or None for name in ("team", "queue"))
        if (team is not None and not viewer.sees(team)) or max(len(team or ""), len(queue or "")) > _MOST_NAME:
            raise Refused(HTTPStatus.NOT_FOUND, "not their team", _NOTHING)
        return View.of(viewer, kind, team, queue)

    def _problem_view(self, request: Request, token: str) -> View:
        viewer = identity_of(request).viewer
        if find_problem(self.model, token, viewer) is None:
            raise Refused(HTTPStatus.NOT_FOUND, "unknown, or not their team's", _NOTHING)
        return View.of(viewer, "problem", problem=token)


class _Stream(StreamingResponse):
    """A response that lets go of what it reads from as soon as it ends, however that comes."""

    @override
    async def stream_response(self, send: Send) -> None:
        assert isinstance(self.body_iterator, AsyncGenerator)  # noqa: S101 - what it is made of
        async with aclosing(self.body_iterator):
            await super().stream_response(send)


def _query(view: View) -> str:
    chosen = {"kind": view.kind, "team": view.team, "queue": view.queue, "problem": view.problem}
    return urlencode({name: text for name, text in chosen.items() if text is not None})
