"""Signs: what a customer, or a case of theirs, did outside any contact, in the one form that verdicts are made from."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from streams.domain import events as e
from streams.domain.contact import Contact
from streams.domain.units import Millis

SignKind: TypeAlias = Literal["opened", "resolved", "reopened", "confirmed", "denied", "exited"]

KINDS: Mapping[type, SignKind] = {
    e.CaseOpened: "opened",
    e.CaseResolved: "resolved",
    e.CaseReopened: "reopened",
    e.OutcomeConfirmed: "confirmed",
    e.OutcomeDenied: "denied",
    e.CustomerExited: "exited",
}


class Sign(NamedTuple):
    """A fact about a customer's problem: of a contact, of a case, of a reason, or (an exit) of all of them."""

    at: Millis
    kind: SignKind
    event_id: str
    contact_id: str | None = None
    case_id: str | None = None
    reason: str | None = None

    def concerns(self, contact: Contact, case_id: str | None) -> bool:
        """Say whether it is about a contact, which is known to belong to a case or to none.

        The most exact reference decides: a contact id or a case id where there is one, else the reason.
        """
        if self.kind == "exited":
            return True
        if self.contact_id is None and self.case_id is None:
            return self.reason is not None and self.reason == contact.reason
        return self.contact_id == contact.contact_id or (self.case_id is not None and self.case_id == case_id)


def sign_of(event: e.CustomerEvent) -> Sign:
    """Return the sign that an event is."""
    kind = KINDS[type(event)]
    if isinstance(event, e.CustomerExited):
        return Sign(event.occurred_at, kind, event.event_id)
    return Sign(event.occurred_at, kind, event.event_id, event.contact_id, event.case_id, event.reason)
