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
from streams.board.viewer import Viewer

LOCAL: Final = Viewer("local", None, sees_customers=True, may_act=True)


class Nobody(Access):
    """Takes everyone who comes from this machine as one viewer."""

    name = "none"

    @override
    def routes(self) -> Sequence[Route]:
        return ()

    @override
    async def identify(self, request: Request, visit: Visit) -> Identity:
        if not is_loopback(visit.address):
            says = "The board is open to its own machine only; whoever runs it can set board.access."
            raise Refused(HTTPStatus.FORBIDDEN, "not from this machine, and nobody has to sign in", says)
        return Identity(LOCAL, self.name, "local")

    @override
    def challenge(self, request: Request) -> Response:
        return PlainTextResponse("The board is open to its own machine only.\n", HTTPStatus.FORBIDDEN)

    @override
    async def sign_out(self, request: Request, visit: Visit) -> None:
        return None
