"""Who looks at the board, and what of it they may see and do."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who looks at the board.

    Attributes:
        name: who it is, as actions and the audit name them.
        teams: whose rows they see; ``None`` for all.
        sees_customers: whether ids of customers and contacts are shown; else short keyed hashes stand for them.
        may_act: whether they may answer nudges.
    """

    name: str
    teams: frozenset[str] | None
    sees_customers: bool
    may_act: bool

    def sees(self, team: str) -> bool:
        """Say whether they see what is a team's."""
        return self.teams is None or team in self.teams


LOCAL: Final = Viewer("local", None, sees_customers=True, may_act=True)
"""Whoever sits at this machine."""
