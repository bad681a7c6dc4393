"""No sign-in: whoever sits at this machine sees all, and is called ``local``. For loopback alone."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from typing_extensions import override

from streams.board.access.port import Access, Identity, Refused, Visit
from streams.board.access.site import is_loopback
from streams.board.viewer import LOCAL

_SAYS: Final = "The board is open to its own machine only; whoever runs it can set board.access."
_OF_PROXIES: Final = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})


class Nobody(Access):
    """Takes everyone who comes from this machine as one viewer; whoever comes by a proxy on it is not from here."""

    name = "none"

    @override
    def routes(self) -> Sequence[Route]:
        return ()

    @override
    async def identify(self, request: Request, visit: Visit) -> Identity:
        if not is_loopback(visit.address):
            why = "not from this machine, and nobody has to sign in"
            raise _refused(why)
        told = sorted(_OF_PROXIES.intersection(request.headers))
        if told:
            why = f"by a proxy, as {', '.join(told)} says, and nobody has to sign in"
            raise _refused(why)
        return Identity(LOCAL, LOCAL.name)

    @override
    def challenge(self, request: Request) -> Response:
        return PlainTextResponse(f"{_SAYS}\n", HTTPStatus.FORBIDDEN)

    @override
    async def sign_out(self, request: Request, visit: Visit) -> None:
        return None


def _refused(why: str) -> Refused:
    return Refused(HTTPStatus.FORBIDDEN, why, _SAYS)
