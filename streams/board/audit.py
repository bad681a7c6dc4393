"""What is written down of who looked at what and did what, refusals included."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Entry(NamedTuple):
    """One thing that somebody did or tried.

    Attributes:
        who: as the viewer is named.
        what: ``board``, ``wallboard``, ``problem``, ``events``, ``acknowledged``, ``acted`` or ``dismissed``.
        about: the nudge id of an action, the token of a problem, team and queue of a board; ``None`` if unknown.
        outcome: ``done``, or why it was refused.
    """

    who: str
    what: str
    about: str | None
    outcome: str


Audit: TypeAlias = Callable[[Entry], None]


def unwritten(_: Entry) -> None:
    """Write nothing down: for boards that only this machine reaches."""
