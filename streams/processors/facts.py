"""What the contacts processor tells the journeys processor: facts keyed by customer, in the order of their time."""

from typing import NamedTuple, TypeAlias

from streams.domain.contact import Contact
from streams.domain.events import ActionTaken, CustomerEvent
from streams.domain.units import Millis


class ContactKnown(NamedTuple):
    """What is known of a contact from ``occurred_at`` on; it replaces what was told of it before.

    ``new`` says that its customer's journey was not told of it before. ``rank`` and ``event_id`` are those of the event
    that it became known by: they order facts of the same instant. ``taken`` says that somebody has answered it.
    """

    occurred_at: Millis
    contact: Contact
    new: bool
    rank: int
    event_id: str
    taken: bool = False

    @property
    def customer_id(self) -> str:
        """The customer whose contact it is."""
        return self.contact.customer_id


class ContactWithdrawn(NamedTuple):
    """A contact turned out not to be this customer's."""

    occurred_at: Millis
    customer_id: str
    contact_id: str
    rank: int
    event_id: str


class ContactTaken(NamedTuple):
    """A contact was answered for the first time: it waits no longer."""

    occurred_at: Millis
    customer_id: str
    contact_id: str
    rank: int
    event_id: str


class NudgeAnswered(NamedTuple):
    """Somebody answered a nudge.

    ``again`` says that the event had come before: if it was refused then, because there was no such nudge, it may be
    of use now.
    """

    occurred_at: Millis
    customer_id: str
    action: ActionTaken
    rank: int
    event_id: str
    again: bool = False


Telling: TypeAlias = ContactKnown | ContactWithdrawn | NudgeAnswered | CustomerEvent
"""What can change what is said of contacts."""

Fact: TypeAlias = Telling | ContactTaken
