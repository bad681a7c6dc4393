"""Signing in by OpenID Connect: the authorization code flow, with PKCE, state and nonce."""

import hmac
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from typing_extensions import override

from streams.board.access import pages
from streams.board.access.audit import Audit
from streams.board.access.config import AccessConfig, Oidc
from streams.board.access.passage import visit_of
from streams.board.access.port import SIGN_IN_PATH, Access, Identity, Refused, Visit
from streams.board.access.provider import CALLBACK_PATH, BadTokenError, Provider, ProviderError, Question
from streams.board.access.roles import viewer_of
from streams.board.access.sessions import (
    COOKIE,
    Proof,
    Sessions,
    ask_to_sign_in,
    back_to,
    cookie_name,
    set_cookie,
    unset_cookie,
)
from streams.domain.units import MINUTE, SECOND, Millis

_PENDING_COOKIE: Final = "board-sign-in"
_PENDING_FOR: Final[Millis] = 10 * MINUTE
_MOST_PENDING: Final = 10_000
_RANDOM_BYTES: Final = 32
_SAYS: Final = "Signing in did not work. Try again; if it goes on like this, tell whoever runs the board."

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Pending:
    """A sign-in that was begun in a browser, and where that browser was going."""

    question: Question
    goes_to: str
    expires_at: Millis


class OpenId(Access):
    """Takes the word of a provider."""

    name = "oidc"

    def __init__(
        self, provider: Provider, oidc: Oidc, config: AccessConfig, audit: Audit, now: Callable[[], Millis]
    ) -> None:
        self._provider = provider
        self._oidc = oidc
        self._config = config
        self._audit = audit
        self._now = now
        self._sessions = Sessions(now)
        self._pending: dict[str, _Pending] = {}

    @override
    def routes(self) -> Sequence[Route]:
        return (Route(SIGN_IN_PATH, self._begin), Route(CALLBACK_PATH, self._end))

    @override
    async def identify(self, request: Request, visit: Visit) -> Identity | None:
        session = self._sessions.find(request, visit)
        return None if session is None else session.identity

    @override
    def challenge(self, request: Request) -> Response:
        return ask_to_sign_in(request)

    @override
    async def sign_out(self, request: Request, visit: Visit) -> Response | None:
        session = self._sessions.close(request, visit)
        if session is None:
            return None
        response = await self._farewell(session.proof.by)
        unset_cookie(response, visit, COOKIE)
        return response

    async def _farewell(self, token: str) -> Response:
        """Return what has the provider end its own session too, where it offers that."""
        try:
            end = (await self._provider.metadata()).end_session_endpoint
        except ProviderError:
            end = None  # here they are signed out all the same
        if end is None:
            return pages.signed_out()
        query = urlencode({"id_token_hint": token, "client_id": self._oidc.client_id})
        return RedirectResponse(f"{end}{'&' if '?' in end else '?'}{query}", HTTPStatus.SEE_OTHER)

    async def _begin(self, request: Request) -> Response:
        visit, now = visit_of(request), self._now()
        question = Question(*(secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(3)))
        address = await self._asked(self._provider.address_for(question))
        self._pending = {key: kept for key, kept in self._pending.items() if kept.expires_at > now}
        while len(self._pending) >= _MOST_PENDING:
            del self._pending[next(iter(self._pending))]
        key = secrets.token_urlsafe(_RANDOM_BYTES)
        self._pending[key] = _Pending(question, back_to(request), now + _PENDING_FOR)
        response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
        set_cookie(response, visit, _PENDING_COOKIE, key, _PENDING_FOR)
        return response

    async def _end(self, request: Request) -> Response:
        visit, said = visit_of(request), request.query_params
        pending = self._pending.pop(request.cookies.get(cookie_name(visit, _PENDING_COOKIE), ""), None)
        if pending is None or pending.expires_at <= self._now():
            why = "nobody began to sign in with this browser, or too long ago"
            raise _refused(why)
        if not hmac.compare_digest(said.get("state", "").encode(), pending.question.state.encode()):
            why = "the state is not that of this sign-in"
            raise _refused(why)
        if said.get("iss", self._oidc.issuer) != self._oidc.issuer:
            why = f"the answer is of another provider: {said['iss']!r}"
            raise _refused(why)
        if "error" in said or "code" not in said:
            why = f"the provider says {said.get('error', 'nothing')!r}"
            raise _refused(why)
        claims, token = await self._asked(self._provider.claims(said["code"], pending.question))
        viewer = viewer_of(
            claims.get(self._oidc.name_claim),
            claims.get(self._oidc.teams_claim),
            claims.get(self._oidc.roles_claim),
            self._config.roles,
        )
        proof = Proof(min(self._now() + self._config.session, int(claims["exp"] * SECOND)), token)
        response = RedirectResponse(pending.goes_to, HTTPStatus.SEE_OTHER)
        self._audit.write("sign-in", "in", address=visit.address, who=viewer.name, way=self.name)
        unset_cookie(response, visit, _PENDING_COOKIE)
        self._sessions.open(response, visit, viewer, proof)
        return response

    async def _asked(self, answer: Awaitable[_T]) -> _T:
        """Return what the provider answers.

        Raises:
            Refused: it does not answer, or what it says must not be believed.
        """
        try:
            return await answer
        except ProviderError as error:
            raise Refused(HTTPStatus.BAD_GATEWAY, str(error), _SAYS) from error
        except BadTokenError as error:
            raise _refused(str(error)) from error


def _refused(why: str) -> Refused:
    return Refused(HTTPStatus.FORBIDDEN, why, _SAYS)
