"""The guard at the entrance: every request is identified, checked and logged before the board sees it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, NamedTuple, TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.board.access import pages
from streams.board.access.audit import Audit, AuditError
from streams.board.access.form_tokens import FIELD, HEADER, FormTokens
from streams.board.access.forms import read_form
from streams.board.access.passage import SCOPE, Passage
from streams.board.access.port import SIGN_OUT_PATH, Access, Identity, Refused, Visit
from streams.board.access.site import Site

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_SAYS_FOREIGN: Final = "The request does not come from a page of the board: nothing was done."


class Subject(NamedTuple):
    """What a request is about, for the audit log: ``page``, ``problem``, ``action``; and whose, by its id."""

    what: str
    id: str | None = None


Describe: TypeAlias = Callable[[Request, Mapping[str, str]], Subject | None]
"""Says what a request with a form is about; ``None`` for what is not worth a line, such as a file of styles."""


def describe_all(request: Request, _: Mapping[str, str]) -> Subject:
    """Say that each request is about itself."""
    return Subject("page" if request.method in _SAFE else "action", request.url.path)


@dataclass(frozen=True, slots=True)
class Guard:
    """ASGI middleware. What changes something is logged before it is done, and all else before it is shown.

    Attributes:
        app: the board; it asks :mod:`passage` who is there.
        access: the way to sign in.
        site: where the board is.
        forms: the tokens of its forms.
        audit: the log; where it can't be written, nothing passes.
        describe: what the log says that requests are about.
        public: beginnings of paths that anyone may see, such as styles.
    """

    app: ASGIApp
    access: Access
    site: Site
    forms: FormTokens
    audit: Audit
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

        visit = Visit((scope.get("client") or ("unknown", 0))[0], "unknown", "", https=False)
        request = Request(scope, receive)
        try:
            try:
                visit = self.site.visit(scope)
                await self._pass(request, visit, note)
            except Refused as refused:
                response = self._refuse(request, refused, visit)
                if begun:
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                else:
                    await response(scope, receive, note)
            except HTTPException as error:
                self._note_refusal(request, visit, error.detail.strip())
                raise
        except AuditError as error:
            if begun:
                raise
            changes = request.method not in _SAFE and isinstance(scope.get(SCOPE), Passage) and scope[SCOPE].identity
            told = "load the page again to see whether it was done" if changes else "so nothing was done or shown"
            await PlainTextResponse(f"{error}: {told}\n", HTTPStatus.SERVICE_UNAVAILABLE)(scope, receive, note)

    async def _pass(self, request: Request, visit: Visit, send: Send) -> None:
        scope = request.scope
        scope[SCOPE] = Passage(visit)
        if request.method in _SAFE and request.url.path.startswith(self.public or ("\0",)):
            await self.app(scope, request.receive, send)
            return
        route = self._own(scope)
        if route is not None:
            _check_origin(request, visit, may_be_silent=False)
            await route.handle(scope, request.receive, send)
            return
        identity = await self.access.identify(request, visit)
        if identity is None:
            await self.access.challenge(request)(scope, request.receive, send)
            return
        _check_origin(request, visit, may_be_silent=not identity.ambient)
        await self._let_in(request, visit, identity, send)

    async def _let_in(self, request: Request, visit: Visit, identity: Identity, send: Send) -> None:
        try:
            body = await request.body()
        except ClientDisconnect:
            return  # nobody is there to be answered, and nothing was asked for in full
        form = await read_form(request)
        log = _Log(self.audit, visit, identity, self.describe(request, form))
        if request.method not in _SAFE:
            token = form.get(FIELD) or request.headers.get(HEADER, "")
            try:
                self.forms.spend(identity.key, token)
            except Refused as refused:
                refused.who = identity.viewer.name
                raise
            if request.url.path == SIGN_OUT_PATH:
                await self._sign_out(request, visit, identity, send)
                return
            log.write("begun")
        request.scope[SCOPE] = Passage(visit, identity, form, self.forms.issue)

        async def logged(message: Message) -> None:
            if message["type"] == "http.response.start":
                log.write(str(message["status"]))
            elif message.get("more_body"):
                await self._look_again(request, visit, identity)
            await send(message)

        await self.app(request.scope, _again(body, request.receive), logged)

    async def _look_again(self, request: Request, visit: Visit, identity: Identity) -> None:
        """Make sure that whoever was let in still may see as much: what is live may outlast a session."""
        if await self.access.identify(request, visit) != identity:
            why = "they may see something else by now"
            raise Refused(HTTPStatus.UNAUTHORIZED, why, "Load the page again.", who=identity.viewer.name)

    async def _sign_out(self, request: Request, visit: Visit, identity: Identity, send: Send) -> None:
        self.audit.write("sign-out", "out", address=visit.address, who=identity.viewer.name, way=identity.way)
        response = await self.access.sign_out(request, visit)
        if response is None:
            says = "You did not sign in here, so you can't sign out here."
            raise Refused(HTTPStatus.NOT_FOUND, "there is no session to sign out of", says, who=identity.viewer.name)
        await response(request.scope, request.receive, send)

    def _own(self, scope: Scope) -> Route | None:
        for route in self.access.routes():
            match, more = route.matches(scope)
            if match is Match.FULL:
                scope.update(more)
                return route
        return None

    def _refuse(self, request: Request, refused: Refused, visit: Visit) -> Response:
        self._note_refusal(request, visit, refused.why, refused.who)
        if refused.status is HTTPStatus.UNAUTHORIZED and self._own(request.scope) is None:
            return self.access.challenge(request)
        return pages.refusal(refused)

    def _note_refusal(self, request: Request, visit: Visit, why: str, who: str | None = None) -> None:
        told = f"{request.method}: {why}"
        self.audit.write("request", "refused", address=visit.address, who=who, way=self.access.name, why=told)


@dataclass(frozen=True, slots=True)
class _Log:
    """Lines about one request."""

    audit: Audit
    visit: Visit
    identity: Identity
    subject: Subject | None

    def write(self, result: str) -> None:
        if self.subject is not None:
            self.audit.write(
                self.subject.what,
                result,
                address=self.visit.address,
                who=self.identity.viewer.name,
                way=self.identity.way,
                subject=self.subject.id,
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
