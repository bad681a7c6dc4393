"""What every response says to the browser, and which names the board answers to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Secured:
    """Wraps an application: nothing is kept in caches, nothing runs that is not ours.

    ``hosts`` are the names that it answers to, ``None`` for any. On the loopback address that keeps out pages of other
    sites whose name was made to lead to this machine.
    """

    app: ASGIApp
    hosts: frozenset[str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        may_be_kept = scope["path"].startswith("/static/")

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                if may_be_kept:
                    headers["Cache-Control"] = "no-cache"
            await send(message)

        if self.hosts is not None and _name(Headers(scope=scope).get("host", "")) not in self.hosts:
            refused = PlainTextResponse("This board is served under another name.\n", 421)
            await refused(scope, receive, send_secured)
            return
        await self.app(scope, receive, send_secured)


def _name(host: str) -> str:
    """Return a host without its port."""
    name, _, port = host.rpartition(":")
    return (name if name and port.isdecimal() else host).lower()
