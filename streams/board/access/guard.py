"""The guard at the entrance: every request is identified, checked and logged before the board sees it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.board.access import pages
from streams.board.access.audit import Audit, AuditError
from streams.board.access.form_tokens import FIELD, HEADER, FormTokens
from streams.board.access.forms import read_form
from streams.board.access.passage import SCOPE, Passage, Subject
from streams.board.access.port import SIGN_OUT_PATH, Access, Identity, Refused, Visit
from streams.board.access.site import Site
from streams.domain.units import Millis

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_SAYS_FOREIGN: Final = "The request does not come from a page of the board: nothing was done."

Describe: TypeAlias = Callable[[Request, Mapping[str, str]], Subject]
"""Says what a request with a form is about, whoever sends it."""


class _Over(Exception):  # noqa: N818 - what is live ends, which is no error of ours
    """What is live goes on no longer; ``why`` is for the audit log, ``None`` where the browser is only to ask again."""

    def __init__(self, why: str | None) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Guard:
    """ASGI middleware. What changes something is logged before it is done, and all else before it is shown.

    Attributes:
        app: the board; it asks :mod:`passage` who is there.
        access: the way to sign in.
        site: where the board is.
        forms: the tokens of its forms.
        audit: the log; where it can't be written, nothing passes.
        now: the clock.
        describe: what the log says that requests are about.
        public: beginnings of paths that anyone may see, such as styles.
    """

    app: ASGIApp
    access: Access
    site: Site
    forms: FormTokens
    audit: Audit
    now: Callable[[], Millis]
    describe: Describe
    public: tuple[str, ...]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; what is not HTTP gets no further."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._enter(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        peer = (scope.get("client") or ("unknown", 0))[0]
        passage = scope[SCOPE] = Passage(Visit(peer, peer, "", https=False))
        request = Request(scope, receive)
        try:
            try:
                passage.visit = self.site.visit(scope)
                await self._pass(request, passage, note)
            except _Over as over:
                if over.why is not None:
                    self._note(passage, "ended", over.why)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            except Refused as refused:
                self._note(passage, "refused", f"{request.method}: {refused.why}", refused.who)
                await self._answer(request, refused)(scope, receive, note)
            except HTTPException as error:  # from the limit of bodies, which answers
                self._note(passage, "refused", f"{request.method}: {error.detail.strip()}")
                raise
        except AuditError as error:
            if begun:
                raise
            changes = request.method not in _SAFE and passage.identity is not None
            told = "load the page again to see whether it was done" if changes else "so nothing was done or shown"
            await PlainTextResponse(f"{error}: {told}\n", HTTPStatus.SERVICE_UNAVAILABLE)(scope, receive, note)

    async def _pass(self, request: Request, passage: Passage, send: Send) -> None:
        scope = request.scope
        if request.method in _SAFE and scope["path"].startswith(self.public):
            await self.app(scope, request.receive, send)
            return
        route = self._own(scope)
        if route is not None:
            _check_origin(request, passage.visit, may_be_silent=False)
            await route.handle(scope, request.receive, send)
            return
        identity = await self.access.identify(request, passage.visit)
        if identity is None:
            await self.access.challenge(request)(scope, request.receive, send)
            return
        passage.identity = identity
        _check_origin(request, passage.visit, may_be_silent=not identity.ambient)
        await self._let_in(request, passage, identity, send)

    async def _let_in(self, request: Request, passage: Passage, identity: Identity, send: Send) -> None:
        try:
            body = await request.body()
        except ClientDisconnect:
            return  # nobody is there to be answered, and nothing was asked for in full
        form = passage.form = await read_form(request)
        signs_out = request.method not in _SAFE and request.scope["path"] == SIGN_OUT_PATH
        passage.subject = Subject("sign-out") if signs_out else self.describe(request, form)
        if request.method not in _SAFE:
            self.forms.spend(identity.key, form.get(FIELD) or request.headers.get(HEADER, ""))
            self._note(passage, "begun")
        if signs_out:
            await self._sign_out(request, passage, send)
            return
        passage.issue, since = self.forms.issue, self.now()

        async def logged(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._note_answer(passage, HTTPStatus(message["status"]))
            elif message.get("more_body"):
                await self._look_again(request, passage.visit, identity, since)
            await send(message)

        await self.app(request.scope, _again(body, request.receive), logged)

    async def _look_again(self, request: Request, visit: Visit, identity: Identity, since: Millis) -> None:
        """Make sure that whoever was let in still may see as much: what is live may outlast a session."""
        try:
            found = await self.access.identify(request, visit)
        except Refused as refused:
            raise _Over(refused.why) from refused
        if found != identity:
            why = "they may see something else by now"
            raise _Over(why)
        if self.now() >= since + identity.holds_for:
            raise _Over(None)

    async def _sign_out(self, request: Request, passage: Passage, send: Send) -> None:
        response = await self.access.sign_out(request, passage.visit)
        if response is None:
            says = "You did not sign in here, so you can't sign out here."
            raise Refused(HTTPStatus.NOT_FOUND, "there is no session to sign out of", says)
        self._note(passage, "out")
        await response(request.scope, request.receive, send)

    def _own(self, scope: Scope) -> Route | None:
        for route in self.access.routes():
            match, more = route.matches(scope)
            if match is Match.FULL:
                scope.update(more)
                return route
        return None

    def _answer(self, request: Request, refused: Refused) -> Response:
        if refused.status is HTTPStatus.UNAUTHORIZED and self._own(request.scope) is None:
            return self.access.challenge(request)
        return pages.refusal(request, refused)

    def _note_answer(self, passage: Passage, status: HTTPStatus) -> None:
        if status < HTTPStatus.BAD_REQUEST:
            self._note(passage, str(int(status)))
        else:
            result = "refused" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "failed"
            self._note(passage, result, f"{int(status)}: {passage.why or status.phrase}")

    def _note(self, passage: Passage, result: str, why: str | None = None, who: str | None = None) -> None:
        identity, subject = passage.identity, passage.subject
        self.audit.write(
            subject.what,
            result,
            address=passage.visit.address,
            who=who if identity is None else identity.viewer.name,
            way=self.access.name,
            subject=subject.id,
            place=subject.place,
            why=why,
        )


def _check_origin(request: Request, visit: Visit, *, may_be_silent: bool) -> None:
    """Make sure that what changes something was asked for by a page of ours.

    Browsers say where a request comes from; programs need not, where no browser would prove who they are by itself.
    """
    if request.method in _SAFE:
        return
    origins, site = request.headers.getlist("origin"), request.headers.get("sec-fetch-site")
    # Pages that send no referrer send no origin with a form either, but the browser says that it is the same.
    if origins not in ([], [visit.origin]) and (origins, site) != (["null"], "same-origin"):
        why = f"the request comes from {', '.join(origins)[:200]!r}, not from {visit.origin}"
    elif site not in (None, "same-origin"):
        why = f"the request comes from another site ({site[:200]!r})"
    elif not origins and site is None and not may_be_silent:
        why = "the request does not say where it comes from"
    else:
        return
    raise Refused(HTTPStatus.FORBIDDEN, why, _SAYS_FOREIGN)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what brings a body that was read already once more, then whatever else comes."""
    brought = False

    async def bring() -> Message:
        nonlocal brought
        if brought:
            return await receive()
        brought = True
        return {"type": "http.request", "body": body, "more_body": False}

    return bring
