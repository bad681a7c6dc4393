"""What team leads do about nudges: checked, shown at once, and put in the log."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeAlias
from uuid import uuid4

from starlette.concurrency import run_in_threadpool

from streams.board.access.port import Refused
from streams.board.model import Model
from streams.board.nudges import Nudge, unconfirmed
from streams.board.viewer import Viewer
from streams.contracts.encode import encode
from streams.domain.events import ActionTaken, NudgeAction
from streams.domain.units import Millis

SOURCE: Final = "board"
MOST_NOTE: Final = 500

Append: TypeAlias = Callable[[Sequence[bytes], Millis], object]
"""Puts records, received at a time, in the log; durable on return."""

_DONE: Final[Mapping[NudgeAction, str]] = {
    "acknowledged": "Acknowledged. Say what was done when you have done it.",
    "acted": "Recorded: acted on it.",
    "dismissed": "Recorded: dismissed.",
}


@dataclass(slots=True)
class Actions:
    """Takes actions.

    Attributes:
        model: says which nudges there are, and shows what was done before the log confirms it.
        append: may block, so it is called off the event loop.
        unavailable: what ``append`` raises where the log can't be written.
        now: the clock.
        wake: is called when there is something new to show.
    """

    model: Model
    append: Append
    unavailable: type[Exception]
    now: Callable[[], Millis]
    wake: Callable[[], None]

    async def take(self, viewer: Viewer, action: NudgeAction, token: str, said: str) -> str:
        """Do what somebody asks for about the nudge that a token stands for; return what to say.

        Raises:
            Refused: it can't be done.
        """
        if not viewer.may_act:
            raise Refused(HTTPStatus.FORBIDDEN, "may not act", "You may look at this board, and not answer nudges.")
        nudge = self.model.nudges.find(token)
        if nudge is None or not viewer.sees(nudge.place.team):
            says = "There is no such nudge. It may have been withdrawn."
            raise Refused(HTTPStatus.NOT_FOUND, "unknown, or not their team's", says)
        note = _note(action, said)
        at = max(self.now(), nudge.at)
        self._check_open(nudge, action, at)
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

    def _check_open(self, nudge: Nudge, action: NudgeAction, at: Millis) -> None:
        nudges, show = self.model.nudges, self.model.clock.show
        said = nudges.done_about(nudge) or (nudges.taken(nudge) if action == "acknowledged" else None)
        if said is not None:
            message = f"{said.actor} has answered this nudge at {show(said.at, '%H:%M')} already. Nothing was recorded."
            raise Refused(HTTPStatus.CONFLICT, "answered", message)
        if nudge.expires_at <= max(at, self.model.newest or at):
            message = f"This nudge expired at {show(nudge.expires_at, '%H:%M')}. Nothing was recorded."
            raise Refused(HTTPStatus.GONE, "expired", message)


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
