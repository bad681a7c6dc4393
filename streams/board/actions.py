"""What team leads do about nudges: checked, shown at once, and put in the log."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from streams.board.model import Model
from streams.board.nudges import Nudge, unconfirmed
from streams.board.sessions import FormTokens, Sessions
from streams.board.viewer import Viewer
from streams.contracts.encode import encode
from streams.domain.events import ActionTaken, NudgeAction
from streams.domain.units import Millis

SOURCE: Final = "board"
MOST_NOTE: Final = 500
_MOST_BODY: Final = 16 * 1024
_MOST_FIELDS: Final = 20

Append: TypeAlias = Callable[[Sequence[bytes], Millis], object]
"""Puts records, received at a time, in the log; durable on return."""

_DONE: Final[Mapping[NudgeAction, str]] = {
    "acknowledged": "Acknowledged. Say what was done when you have done it.",
    "acted": "Recorded: acted on it.",
    "dismissed": "Recorded: dismissed.",
}


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """An action that is not taken: what to answer, and in ``outcome`` what to write down."""

    def __init__(self, status: HTTPStatus, outcome: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.outcome = outcome


class Form(NamedTuple):
    """What a form brought; empty where it did not."""

    nudge: str
    note: str
    csrf: str
    once: str


@dataclass(slots=True)
class Actions:
    """Takes actions.

    Attributes:
        model: says which nudges there are, and shows what was done before the log confirms it.
        append: may block, so it is called off the event loop.
        unavailable: what ``append`` raises where the log can't be written.
        now: the clock.
        sessions: says whether a form is ours.
        wake: is called when there is something new to show.
    """

    model: Model
    append: Append
    unavailable: type[Exception]
    now: Callable[[], Millis]
    sessions: Sessions
    wake: Callable[[], None]
    _tokens: FormTokens = field(default_factory=FormTokens)

    async def take(self, request: Request, viewer: Viewer, action: NudgeAction, form: Form) -> str:
        """Do what a form asks for; return what to say.

        Raises:
            Refused: it can't be done.
        """
        if not self.sessions.allows(request, form.csrf):
            raise Refused(HTTPStatus.FORBIDDEN, "csrf", "This page is out of date: load it again, then answer.")
        if not viewer.may_act:
            raise Refused(HTTPStatus.FORBIDDEN, "may not act", "You may look at this board, and not answer nudges.")
        nudge = self.find(viewer, form)
        if nudge is None:
            raise Refused(HTTPStatus.NOT_FOUND, "unknown", "There is no such nudge. It may have been withdrawn.")
        note = _note(action, form.note)
        at = max(self.now(), nudge.at)
        self._check_open(nudge, action, at)
        if not self._tokens.use(self.sessions.of(request).id, form.once):
            raise Refused(HTTPStatus.CONFLICT, "replayed", "This answer was sent before. Nothing was recorded again.")
        event = ActionTaken(str(uuid4()), at, SOURCE, nudge.nudge_id, viewer.name, action, note)
        answer = unconfirmed(nudge, action, viewer.name, note, at)
        self.model.nudges.answer(answer)
        self.wake()
        try:
            await run_in_threadpool(self.append, [encode(event)], at)
        except self.unavailable as error:
            self.model.nudges.withdraw(answer)
            self.wake()
            message = "The log can't be written at the moment, so nothing was recorded. Try again in a moment."
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, f"log unavailable: {error}", message) from error
        return _DONE[action]

    def find(self, viewer: Viewer, form: Form) -> Nudge | None:
        """Return the nudge that a form is about, if its sender may know of it."""
        nudge = self.model.nudges.find(form.nudge)
        return nudge if nudge is not None and viewer.sees(nudge.place.team) else None

    def _check_open(self, nudge: Nudge, action: NudgeAction, at: Millis) -> None:
        nudges, show = self.model.nudges, self.model.clock.show
        said = nudges.done_about(nudge) or (nudges.taken(nudge) if action == "acknowledged" else None)
        if said is not None:
            message = f"{said.actor} has answered this nudge at {show(said.at, '%H:%M')} already. Nothing was recorded."
            raise Refused(HTTPStatus.CONFLICT, "answered", message)
        if nudge.expires_at <= max(at, self.model.newest or at):
            message = f"This nudge expired at {show(nudge.expires_at, '%H:%M')}. Nothing was recorded."
            raise Refused(HTTPStatus.GONE, "expired", message)


async def read_form(request: Request) -> Form:
    """Return what a form brought; no more of it is read than a form can have.

    Raises:
        Refused: it is too large, cut off, or no form.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise Refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media type", "Send a form: application/x-www-form-urlencoded."
        )
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BODY:
                raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large", "The form is too large.")
        fields = dict(parse_qsl(body.decode(), errors="strict", keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except (ClientDisconnect, ValueError) as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "bad form", "The form can't be read. Load the page again.") from error
    return Form(*(fields.get(name, "") for name in ("nudge_id", "note", "csrf", "form_token")))


def _note(action: NudgeAction, text: str) -> str | None:
    """Return the note that goes with an action, on one line.

    Raises:
        Refused: there must be one and is none, or it is too long, or has characters that no event may have.
    """
    if action == "acknowledged":
        return None
    note = " ".join(text.split())
    if not note:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "no note", "Say in a note what was done, or why nothing was.")
    if len(note) > MOST_NOTE:
        message = f"The note has {len(note)} characters; at most {MOST_NOTE} are kept. Shorten it."
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "long note", message)
    if not note.isprintable():
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "bad note", "The note has characters that can't be shown.")
    return note


ACTIONS: Final[Mapping[str, NudgeAction]] = {"acknowledge": "acknowledged", "act": "acted", "dismiss": "dismissed"}
"""The actions by the names that their addresses have."""
