"""Signing in at a reverse proxy, which says in headers who is there. Only from where it is, and with its secret."""

import hmac
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from typing_extensions import override

from streams.board.access.config import Proxy, Role
from streams.board.access.port import Access, Identity, Refused, Visit
from streams.board.access.roles import viewer_of
from streams.board.access.site import Site
from streams.domain.units import MINUTE, Millis

_HOLDS_FOR: Final[Millis] = 5 * MINUTE
"""Headers say who somebody is when they come, and not whether they still are: the proxy knows that."""
_SAYS: Final = "You have to come by the proxy that signs people in. Ask whoever runs the board."


class ProxyHeaders(Access):
    """Takes the proxy's word, and nobody else's."""

    name = "proxy"

    def __init__(self, proxy: Proxy, site: Site, roles: Mapping[str, Role]) -> None:
        self._proxy = proxy
        self._site = site
        self._roles = roles

    @override
    def routes(self) -> Sequence[Route]:
        return ()

    @override
    async def identify(self, request: Request, visit: Visit) -> Identity | None:
        proxy = self._proxy
        told = [_read(request.headers, name) for name in (proxy.user_header, proxy.teams_header, proxy.roles_header)]
        secret = _read(request.headers, proxy.secret_header)
        if secret is None and not any(told):
            return None
        if not self._site.is_proxy(visit.peer):
            why = f"the proxy's headers come from {visit.peer}, which is no proxy of ours"
            raise _forged(why)
        if not hmac.compare_digest((secret or "").encode(), proxy.secret.encode()):
            why = "the proxy's headers come without its secret"
            raise _forged(why)
        name, teams, roles = told
        viewer = viewer_of(name, _listed(teams), _listed(roles), self._roles)
        return Identity(viewer, f"proxy {viewer.name}", holds_for=_HOLDS_FOR)

    @override
    def challenge(self, request: Request) -> Response:
        return PlainTextResponse(f"{_SAYS}\n", HTTPStatus.UNAUTHORIZED)

    @override
    async def sign_out(self, request: Request, visit: Visit) -> None:
        return None


def _read(headers: Headers, name: str) -> str | None:
    """Return the one value of a header; two of them would be the proxy's and somebody else's."""
    values = headers.getlist(name)
    if len(values) > 1:
        why = f"the header {name} comes {len(values)} times"
        raise _forged(why)
    try:
        return values[0].encode("latin-1").decode() if values else None
    except UnicodeDecodeError:
        why = f"the header {name} is not UTF-8"
        raise _forged(why) from None


def _listed(text: str | None) -> list[str]:
    return [item.strip() for item in (text or "").split(",") if item.strip()]


def _forged(why: str) -> Refused:
    return Refused(HTTPStatus.FORBIDDEN, why, _SAYS)
