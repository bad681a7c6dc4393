"""Signing in with a token: once in a form, or with each request as ``Authorization: Bearer``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from typing_extensions import override

from streams.board.access import pages
from streams.board.access.attempts import Attempts
from streams.board.access.audit import Audit
from streams.board.access.config import Role
from streams.board.access.forms import read_form
from streams.board.access.passage import visit_of
from streams.board.access.port import SIGN_IN_PATH, Access, Identity, Refused, Visit
from streams.board.access.roles import viewer_of
from streams.board.access.sessions import COOKIE, Proof, Sessions, ask_to_sign_in, back_to, unset_cookie
from streams.board.access.token_file import TokenEntry, TokenFile, TokenFileError, hash_of
from streams.domain.units import Millis

_SCHEME: Final = "bearer"
_SAYS: Final = "This token is not known here, or it has expired. Ask whoever runs the board for another."


class StaticTokens(Access):
    """Takes the tokens of a file; a session holds no longer than its token stands in it."""

    name = "tokens"

    def __init__(
        self, file: TokenFile, roles: Mapping[str, Role], session: Millis, audit: Audit, now: Callable[[], Millis]
    ) -> None:
        self._file = file
        self._roles = roles
        self._session = session
        self._audit = audit
        self._now = now
        self._sessions = Sessions(now)
        self._attempts = Attempts(now)

    @override
    def routes(self) -> Sequence[Route]:
        return (Route(SIGN_IN_PATH, self._form), Route(SIGN_IN_PATH, self._sign_in, methods=["POST"]))

    @override
    async def identify(self, request: Request, visit: Visit) -> Identity | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == _SCHEME:
            entry = self._entry(token.strip(), visit)
            viewer = viewer_of(entry.name, entry.teams, entry.roles, self._roles)
            return Identity(viewer, f"token {entry.sha256}", ambient=False)
        session = self._sessions.find(request, visit)
        if session is None:
            return None
        entry = self._holds(session.proof.by)
        viewer = viewer_of(entry.name, entry.teams, entry.roles, self._roles)
        return replace(session.identity, viewer=viewer)

    @override
    def challenge(self, request: Request) -> Response:
        return ask_to_sign_in(request, **{"www-authenticate": "Bearer"})

    @override
    async def sign_out(self, request: Request, visit: Visit) -> Response | None:
        if self._sessions.close(request, visit) is None:
            return None
        response = pages.signed_out()
        unset_cookie(response, visit, COOKIE)
        return response

    async def _form(self, request: Request) -> Response:
        return pages.token_form(f"{SIGN_IN_PATH}?{urlencode({'next': back_to(request)})}")

    async def _sign_in(self, request: Request) -> Response:
        visit = visit_of(request)
        form = await read_form(request)
        entry = self._entry(form.get("token", "").strip(), visit)
        viewer = viewer_of(entry.name, entry.teams, entry.roles, self._roles)
        ends = self._now() + self._session
        proof = Proof(ends if entry.expires_at is None else min(ends, entry.expires_at), entry.sha256)
        response = RedirectResponse(back_to(request), HTTPStatus.SEE_OTHER)
        self._audit.write("sign-in", "in", address=visit.address, who=viewer.name, way=self.name)
        self._sessions.open(response, visit, viewer, proof)
        return response

    def _entry(self, token: str, visit: Visit) -> TokenEntry:
        """Return what a token that was just shown stands for; whoever shows wrong ones has to wait."""
        self._attempts.check(visit.address)
        try:
            return self._holds(hash_of(token))
        except Refused as refused:
            if refused.status is HTTPStatus.UNAUTHORIZED:
                self._attempts.fail(visit.address)
            raise

    def _holds(self, token_hash: str) -> TokenEntry:
        try:
            entry = self._file.find(token_hash)
        except TokenFileError as error:
            says = "Nobody can sign in now: the file of tokens can't be read. Tell whoever runs the board."
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, str(error), says) from error
        if entry is None:
            raise Refused(HTTPStatus.UNAUTHORIZED, "the token is not known", _SAYS)
        if entry.expires_at is not None and entry.expires_at <= self._now():
            raise Refused(HTTPStatus.UNAUTHORIZED, "the token has expired", _SAYS, who=entry.name)
        return entry
