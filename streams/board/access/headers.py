"""Headers that keep a browser from running, framing, storing or passing on what it should not."""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action {form_action}; frame-ancestors 'none'; base-uri 'none'"
)
_ALWAYS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
_HSTS: Final = "max-age=31536000"


class SecurityHeaders:
    """ASGI middleware that sets them on each response, whoever made it.

    Args:
        app: what makes the responses.
        https: whether browsers reach us by TLS alone, and are to keep to that.
        public: beginnings of the paths of what is nobody's, which browsers may keep if they ask whether it changed.
        form_action: other origins that a form may lead to, as when signing out leads to the provider.
    """

    def __init__(self, app: ASGIApp, *, https: bool, public: Sequence[str], form_action: Sequence[str] = ()) -> None:
        self._app = app
        self._public = tuple(public)
        policy = _POLICY.format(form_action=" ".join(("'self'", *form_action)))
        self._headers = {"content-security-policy": policy, **_ALWAYS}
        if https:
            self._headers["strict-transport-security"] = _HSTS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if scope["path"].startswith(self._public):
                    headers["cache-control"] = "no-cache"
            await send(message)

        await self._app(scope, receive, add if scope["type"] == "http" else send)
