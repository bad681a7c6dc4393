"""What every way to sign in must offer, and what it says of whoever is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from streams.board.viewer import Viewer
from streams.domain.units import HOUR, Millis

SIGN_IN_PATH: Final = "/sign-in"
SIGN_OUT_PATH: Final = "/sign-out"


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a request comes from.

    Attributes:
        address: that of the visitor, as the proxies say that we trust; else of whoever is connected.
        peer: the address of whoever is connected.
        origin: our own origin as the visitor's browser has it, such as ``https://board.example``.
        https: whether the visitor's browser speaks TLS.
    """

    address: str
    peer: str
    origin: str
    https: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is there, and how that is known.

    Attributes:
        viewer: who, and what they may see and do.
        key: what their form tokens are bound to: their session, or who they are where there is none.
        ambient: whether a browser proves it by itself, so that another site's page could have it do so.
        in_session: whether they can sign out here.
        holds_for: how long what is live may rest on it. Whoever looks on asks again then, which renews the token of
            their page, and shows what only a new request can.
    """

    viewer: Viewer
    key: str = field(repr=False)
    ambient: bool = True
    in_session: bool = False
    holds_for: Millis = HOUR


class Refused(Exception):  # noqa: N818 - as a response it is no error of ours
    """A request gets no further.

    Attributes:
        why: for the audit log; may quote what was sent.
        says: for the visitor; tells nothing that would help to guess.
    """

    def __init__(
        self, status: HTTPStatus, why: str, says: str, headers: Mapping[str, str] | None = None, who: str | None = None
    ) -> None:
        """Keep what is logged, with who it was as far as that is certain, and what is answered."""
        super().__init__(why)
        self.status = status
        self.why = why
        self.says = says
        self.headers = dict(headers or {})
        self.who = who


class Access(Protocol):
    """One way to sign in."""

    @property
    def name(self) -> str:
        """What the audit log calls it."""

    def routes(self) -> Sequence[Route]:
        """Return what is open to those who have not signed in yet: pages to do so, if there are any."""

    async def identify(self, request: Request, visit: Visit) -> Identity | None:
        """Return who sends a request; ``None`` where nothing in it claims to be anybody.

        Raises:
            Refused: what it claims is not so, or grants nothing.
        """

    def challenge(self, request: Request) -> Response:
        """Return what is answered to whoever has not signed in."""

    async def sign_out(self, request: Request, visit: Visit) -> Response | None:
        """Forget whoever is there, and return what is answered; ``None`` where that is not ours to do."""
