"""Nudges: what a team lead is asked to do now, what is remembered of having asked, and what was answered."""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, TypeAlias

from streams.domain.contact import Contact
from streams.domain.events import NudgeAction
from streams.domain.ledger import Labels
from streams.domain.units import Millis

NudgeKind: TypeAlias = Literal["repeat", "waiting", "promise", "spike"]
Fate: TypeAlias = Literal["issued", "grouped", "limited", "quiet"]
"""What became of an occasion to nudge: told, told under the nudge that the problem has already, or kept back because
the team has had its share or has quiet hours."""
Response: TypeAlias = Literal["", "acted", "dismissed", "acknowledged", "ignored", "suppressed"]
"""How a nudged contact was answered, by the strongest answer; empty for one that there was no occasion to nudge for."""

_STRENGTH: Final[dict[NudgeAction | None, int]] = {None: 0, "acknowledged": 1, "dismissed": 2, "acted": 3}
_TOLD: Final = ("issued", "grouped")


class Earlier(NamedTuple):
    """An earlier contact of the customer, as whoever takes the next one should know it."""

    contact_id: str
    arrived_at: Millis
    ended_at: Millis | None
    place: Labels
    reason: str
    abandoned: bool
    claimed_resolved: bool


class Nudge(NamedTuple):
    """What a team lead is told.

    ``attempt`` is which of the problem's contacts it is, ``effort`` the customer's time before it. ``evidence`` is that
    of the demand. ``since`` is when the customer began to wait, or the problem was opened; ``due_at`` is when the
    promise is broken. A ``provisional`` one is told ahead of time, before all that could have happened earlier is
    known; one that is settled follows.
    """

    nudge_id: str
    kind: NudgeKind
    at: Millis
    expires_at: Millis
    contact: Contact
    evidence: str
    attempt: int
    effort: Millis
    earlier: tuple[Earlier, ...]
    since: Millis | None = None
    due_at: Millis | None = None
    provisional: bool = False


class SpikeNudge(NamedTuple):
    """What a team lead is told of failure demand that is far above what is usual: the lead of the team that causes it.

    ``contacts`` came since a time, where ``expected`` are usual. ``place`` is the queue, its team, and no channel.
    """

    nudge_id: str
    at: Millis
    expires_at: Millis
    place: Labels
    reason: str
    since: Millis
    contacts: int
    expected: float


class Nudged(NamedTuple):
    """An occasion to nudge, as the journey of its customer remembers it.

    ``nudge_id`` is that of the nudge that tells it: an older one's where it was grouped. ``taken`` says that the
    contact waits no longer. ``response`` is the strongest answer so far, given first at ``responded_at``.
    """

    nudge_id: str
    kind: NudgeKind
    contact_id: str
    at: Millis
    expires_at: Millis
    place: Labels
    fate: Fate
    taken: bool = False
    response: NudgeAction | None = None
    responded_at: Millis | None = None

    @property
    def named_after(self) -> str:
        """The contact whose customer answers to its nudge are taken to be about."""
        return self.nudge_id.partition(":")[2]

    @property
    def is_told(self) -> bool:
        """Whether anybody was told."""
        return self.fate in _TOLD

    @property
    def is_settled(self) -> bool:
        """Whether it needs no more of anybody's attention."""
        return self.response in ("acted", "dismissed")

    def answered(self, action: NudgeAction, at: Millis) -> "Nudged":
        """Return it with an answer, unchanged if there was a stronger one, or the same."""
        if _STRENGTH[action] <= _STRENGTH[self.response]:
            return self
        return self._replace(response=action, responded_at=at)


class Watch(NamedTuple):
    """A time at which to look whether there is an occasion to nudge: what it was set for may be over by then."""

    due: Millis
    kind: NudgeKind
    contact_id: str
    customer_id: str

    @property
    def timer_id(self) -> str:
        """What tells it from all others due at the same time; no contact has an id with a control character."""
        return f"\x01{self.kind}:{self.contact_id}"

    def split(self, at: Millis) -> "tuple[Watch | None, Watch | None]":
        """Return itself as due before a time, or as still to come."""
        return (self, None) if self.due < at else (None, self)


def response_of(nudged: Iterable[Nudged], contact_id: str) -> Response:
    """Return how a contact was answered, by all that it was nudged for."""
    of_it = [one for one in nudged if one.contact_id == contact_id]
    if not of_it:
        return ""
    strongest = max((one.response for one in of_it), key=_STRENGTH.__getitem__)
    return strongest or ("ignored" if any(one.is_told for one in of_it) else "suppressed")
