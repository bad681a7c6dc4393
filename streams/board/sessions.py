"""Who posts a form had a page of ours before: the guard against other sites' pages that post in a viewer's name."""

import hmac
from collections import OrderedDict
from secrets import token_urlsafe
from typing import Final, NamedTuple, Protocol

from starlette.requests import Request
from starlette.responses import Response

_COOKIE: Final = "outcome-monitor-board"
_MOST_USED: Final = 10_000
_LENGTHS: Final = range(16, 101)


class Session(NamedTuple):
    """A browser's session: its id, and what its forms must bring."""

    id: str
    csrf: str


class Sessions(Protocol):
    """Sessions of browsers, whoever keeps them."""

    def of(self, request: Request) -> Session:
        """Return the session of a request; a new one if it has none."""

    def keep(self, session: Session, response: Response) -> None:
        """Have the browser remember a session, if it does not yet."""

    def allows(self, request: Request, csrf: str) -> bool:
        """Say whether what a form brought belongs to the session of its request."""


class CookieSessions:
    """Sessions that the browser keeps in a cookie; what forms must bring is made of it with a key."""

    def __init__(self, key: bytes, *, secure: bool = False) -> None:
        self._key = key
        self._secure = secure

    def of(self, request: Request) -> Session:
        """Return the session of a request; a new one if it has none."""
        known = request.cookies.get(_COOKIE, "")
        id_ = known if len(known) in _LENGTHS and known.isascii() else token_urlsafe(24)
        return Session(id_, self._csrf(id_))

    def keep(self, session: Session, response: Response) -> None:
        """Have the browser remember a session; no script can read it, no other site has it sent."""
        response.set_cookie(_COOKIE, session.id, httponly=True, samesite="strict", secure=self._secure)

    def allows(self, request: Request, csrf: str) -> bool:
        """Say whether what a form brought belongs to the session of its request."""
        known = request.cookies.get(_COOKIE, "")
        return bool(known) and hmac.compare_digest(self._csrf(known).encode(), csrf.encode())

    def _csrf(self, id_: str) -> str:
        return hmac.digest(self._key, b"csrf:" + id_.encode("utf-8", "surrogatepass"), "sha256").hex()


class FormTokens:
    """Tokens that forms were sent with: each is good for once. The newest are remembered."""

    def __init__(self) -> None:
        self._used: OrderedDict[tuple[str, str], None] = OrderedDict()

    def use(self, session_id: str, token: str) -> bool:
        """Use a token; say whether that could be done, for the first time and with one that is long enough."""
        key = session_id, token
        if len(token) not in _LENGTHS or key in self._used:
            return False
        self._used[key] = None
        if len(self._used) > _MOST_USED:
            self._used.popitem(last=False)
        return True
