"""The largest body of a request, counted while it comes in, whatever its headers announce."""

from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS: Final = {"connection": "close"}


class BodyLimit:
    """ASGI middleware that answers 413 to a body of more than ``limit`` bytes; no more of it is ever held."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        counted = 0
        begun = False

        async def count() -> Message:
            nonlocal counted
            message = await receive()
            counted += len(message.get("body", b""))
            if max(counted, int(announced) if announced.isdecimal() else 0) > self._limit:
                # Of this kind, since Starlette makes a response of it wherever an application reads the body.
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._told(), _HEADERS)
            return message

        async def note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, count, note)
        except HTTPException as error:
            if begun or error.status_code != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                raise
            await PlainTextResponse(error.detail, error.status_code, error.headers)(scope, receive, send)

    def _told(self) -> str:
        return f"The request has more than {self._limit} bytes.\n"
