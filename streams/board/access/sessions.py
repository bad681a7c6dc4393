"""Sessions of those who signed in, kept in memory: a restart signs everybody out, and signing out holds at once."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from streams.board.access.port import SIGN_IN_PATH, Identity, Refused, Visit
from streams.board.viewer import Viewer
from streams.domain.units import SECOND, Millis

COOKIE: Final = "board"
_KEY_BYTES: Final = 32
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Proof:
    """Until when it holds that somebody signed in, and what the way wants to know of it again."""

    expires_at: Millis
    by: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who signed in, and how."""

    identity: Identity
    proof: Proof


class Sessions:
    """Who has signed in. A cookie holds the key; we keep only its hash, so that what leaks from here opens nothing."""

    def __init__(self, now: Callable[[], Millis]) -> None:
        self._now = now
        self._sessions: dict[str, Session] = {}

    def open(self, response: Response, visit: Visit, viewer: Viewer, proof: Proof) -> None:
        """Begin the session of a viewer, and have the response carry its key."""
        now = self._now()
        self._sessions = {key: kept for key, kept in self._sessions.items() if kept.proof.expires_at > now}
        while len(self._sessions) >= _MOST:
            del self._sessions[next(iter(self._sessions))]
        key = secrets.token_urlsafe(_KEY_BYTES)
        self._sessions[_hash(key)] = Session(Identity(viewer, f"session {_hash(key)}", in_session=True), proof)
        set_cookie(response, visit, COOKIE, key, proof.expires_at - now)

    def find(self, request: Request, visit: Visit) -> Session | None:
        """Return the session that a request belongs to; ``None`` where it has no cookie.

        Raises:
            Refused: there is no such session, or it has expired.
        """
        key = request.cookies.get(cookie_name(visit, COOKIE))
        if key is None:
            return None
        session = self._sessions.get(_hash(key))
        if session is None:
            why = "no such session"
            raise _signed_out(why)
        if session.proof.expires_at <= self._now():
            del self._sessions[_hash(key)]
            why = "the session has expired"
            raise _signed_out(why, session.identity.viewer.name)
        return session

    def close(self, request: Request, visit: Visit) -> Session | None:
        """End the session that a request belongs to, and return it; ``None`` where there is none."""
        return self._sessions.pop(_hash(request.cookies.get(cookie_name(visit, COOKIE), "")), None)


def cookie_name(visit: Visit, name: str) -> str:
    """Return what a cookie is called: by its name, browsers know that nobody else may set it."""
    return f"__Host-{name}" if visit.https else name


def set_cookie(response: Response, visit: Visit, name: str, value: str, lasts: Millis) -> None:
    """Have a response set a cookie that no script reads and no other site's forms send."""
    response.set_cookie(
        cookie_name(visit, name),
        value,
        max_age=max(lasts // SECOND, 0),
        path="/",
        secure=visit.https,
        httponly=True,
        samesite="lax",
    )


def unset_cookie(response: Response, visit: Visit, name: str) -> None:
    """Have a response take a cookie back."""
    set_cookie(response, visit, name, "", 0)


def ask_to_sign_in(request: Request, **headers: str) -> Response:
    """Return what leads a browser to the page to sign in and back again, and tells anything else that it must."""
    if request.method != "GET" or "text/html" not in request.headers.get("accept", ""):
        return PlainTextResponse("Sign in first.\n", HTTPStatus.UNAUTHORIZED, headers)
    query = urlencode({"next": f"{quote(request.scope['path'])}?{request.url.query}".rstrip("?")})
    return RedirectResponse(f"{SIGN_IN_PATH}?{query}", HTTPStatus.SEE_OTHER)


def back_to(request: Request) -> str:
    """Return where whoever signs in was going: a path of ours, whatever the address asks for."""
    path = request.query_params.get("next", "/")
    # Browsers read // and /\\ as the beginning of another site's address, and drop tabs and line breaks before that.
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if safe else "/"


def _signed_out(why: str, who: str | None = None) -> Refused:
    return Refused(HTTPStatus.UNAUTHORIZED, why, "You are signed out. Sign in again.", who=who)


def _hash(key: str) -> str:
    return sha256(key.encode(errors="replace")).hexdigest()
