"""What is told to the world: records of the outcomes topic, each with the contact, the evidence and the time.

A contact without a customer is a stranger's: it is told of once it has ended, and taken back when it turns out whose.
"""

from typing import NamedTuple, TypeAlias

from streams.domain.account import Maturing, Maturity
from streams.domain.contact import Contact
from streams.domain.events import ActionTaken
from streams.domain.judgement import Demand, Seen
from streams.domain.ledger import Labels
from streams.domain.nudges import Nudged
from streams.domain.units import Millis


class DemandClassified(NamedTuple):
    """Why a customer came. ``restates`` is what was said before, where later facts changed it."""

    occurred_at: Millis
    contact: Contact
    demand: Demand
    restates: Demand | None = None


class OutcomeSeen(NamedTuple):
    """The customer came back, denied the outcome, had the case reopened, exited or confirmed: ``seen`` says when.

    ``None`` takes back what was said before, where later facts leave nothing to show it.
    """

    occurred_at: Millis
    contact: Contact
    by: str
    seen: Seen | None
    windows: tuple[str, ...]


class VerdictReached(NamedTuple):
    """A window has passed, or a problem came to rest for that long. ``restates`` is the verdict given before."""

    occurred_at: Millis
    of: Maturing
    maturity: Maturity
    restates: str | None = None


class ContactUnlinkable(NamedTuple):
    """A contact ended with no customer, or with nothing to link it by."""

    occurred_at: Millis
    contact: Contact


class ContactClosed(NamedTuple):
    """A contact ended, with what the outputs say of it. Said again, with ``restates``, where later facts changed it."""

    occurred_at: Millis
    contact: Contact
    linkable: bool
    restates: bool = False


class ContactWithdrawn(NamedTuple):
    """A contact turned out to be another customer's: nothing that was said of it as this one's, or nobody's, holds."""

    occurred_at: Millis
    contact: Contact


class NudgeWithdrawn(NamedTuple):
    """A nudge is not about a contact any more, which turned out to be another customer's, or was told with one."""

    occurred_at: Millis
    customer_id: str
    nudged: Nudged


class NudgeResponded(NamedTuple):
    """Somebody answered a nudge, which was issued for a contact unless it was for a spike."""

    occurred_at: Millis
    action: ActionTaken
    place: Labels
    reason: str
    contact: Contact | None = None


Outcome: TypeAlias = (
    DemandClassified
    | OutcomeSeen
    | VerdictReached
    | ContactUnlinkable
    | ContactClosed
    | ContactWithdrawn
    | NudgeWithdrawn
    | NudgeResponded
)
