"""What requests to the board are about, for the audit log: which page, whose problem, which nudge."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request

from streams.board.access.passage import UNKNOWN, Subject
from streams.board.actions import ACTIONS
from streams.board.model import Model


@dataclass(frozen=True, slots=True)
class Subjects:
    """Says what a request is about; of what is not known here, no more than the kind."""

    model: Model

    def __call__(self, request: Request, form: Mapping[str, str]) -> Subject:
        """Return what a request with a form is about, whoever sends it."""
        asked = request.query_params
        match request.scope["path"].split("/")[1:]:
            case [("" | "wallboard") as kind]:
                return Subject(kind or "board", place=_place(asked))
            case ["problem", token]:
                return Subject("problem", self._contact(token))
            case ["events"] if asked.get("kind") == "problem":
                return Subject("live problem", self._contact(asked.get("problem", "")))
            case ["events"]:
                return Subject(
                    "live wallboard" if asked.get("kind") == "wallboard" else "live board", place=_place(asked)
                )
            case ["nudges", action] if action in ACTIONS:
                return self._nudge(action, form.get("nudge_id", ""))
            case _:
                return UNKNOWN

    def _contact(self, token: str) -> str | None:
        contact = self.model.contacts.by_token(token)
        return None if contact is None else contact.contact_id

    def _nudge(self, action: str, token: str) -> Subject:
        nudge = self.model.nudges.find(token)
        if nudge is None:
            return Subject(action)
        return Subject(action, nudge.nudge_id, _place({"team": nudge.place.team, "queue": nudge.place.queue}))


def _place(chosen: Mapping[str, str]) -> str | None:
    return urlencode({name: chosen[name] for name in ("team", "queue") if chosen.get(name)}) or None
