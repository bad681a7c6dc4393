"""Who looks at the board, and what they may see and do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Viewer:
    """Somebody who looks at the board.

    Attributes:
        name: as it is shown, and kept with what they do.
        teams: those whose nudges they see; ``None`` for all.
        sees_customers: whether they are shown who the customers are.
        may_act: whether they may answer nudges.
    """

    name: str
    teams: frozenset[str] | None
    sees_customers: bool
    may_act: bool
