"""A problem: its contacts in time, with the evidence of each demand and verdict, and what was done about it."""

from typing import NamedTuple

from streams.board.contacts import Contact
from streams.board.model import Model
from streams.board.nudges import Answer, Earlier, Nudge
from streams.board.viewer import Viewer


class Told(NamedTuple):
    """A nudge about a problem, with what was answered so far."""

    nudge: Nudge
    answer: Answer | None


class Problem(NamedTuple):
    """The contacts of a problem that are remembered, oldest first, and the nudges about them.

    ``earlier`` are contacts that only a nudge tells of, oldest first.
    """

    contacts: list[Contact]
    earlier: list[Earlier]
    told: list[Told]

    @property
    def customer_id(self) -> str | None:
        """Whose problem it is; ``None`` where nobody knows."""
        return self.contacts[0].customer_id


def find_problem(model: Model, token: str, viewer: Viewer) -> Problem | None:
    """Return the problem that a token stands for; ``None`` if there is none, or none that a viewer may see.

    Whoever has had one of its contacts in their team sees all of them: where the customer was before is what they need
    to know. Nudges to other teams, and what those did about them, are theirs.
    """
    contact = model.contacts.by_token(token)
    if contact is None:
        return None
    contacts = model.contacts.problem(contact.contact_id)
    told = [
        Told(nudge, answer)
        for nudge, answer in model.nudges.about({contact.contact_id for contact in contacts})
        if viewer.sees(nudge.place.team)
    ]
    if not told and not any(viewer.sees(team) for contact in contacts for team in contact.teams):
        return None
    known = {contact.contact_id for contact in contacts}
    earlier = {one.contact_id: one for nudge, _ in told for one in nudge.earlier if one.contact_id not in known}
    return Problem(contacts, sorted(earlier.values(), key=_arrived_at), told)


def _arrived_at(earlier: Earlier) -> int:
    return earlier.arrived_at
