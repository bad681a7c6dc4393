"""A customer's journey: the contacts and signs that we hold of one customer, and for how long we hold them."""

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.domain.contact import Contact
from streams.domain.judgement import NOTHING_KEPT, Judgement, Kept, judge
from streams.domain.nudges import Nudged, response_of
from streams.domain.policy import Policy
from streams.domain.problem import Grouping
from streams.domain.signs import Sign
from streams.domain.units import Millis


@dataclass(slots=True)
class Held:
    """A contact of a journey, with what was last published of it and what it carries of forgotten ones."""

    contact: Contact
    judgement: Judgement | None = None
    kept: Kept = NOTHING_KEPT

    def __lt__(self, other: "Held") -> bool:
        return self.place < other.place

    @property
    def settled(self) -> Kept:
        """What can't be changed by what happens from now on."""
        if self.judgement is None:
            return self.kept
        return Kept(self.judgement.demand, self.kept.carry, self.judgement.recontacted)

    @property
    def place(self) -> tuple[Millis, str]:
        """Its place among the contacts of its customer."""
        return (self.contact.arrived_at, self.contact.contact_id)


class Change(NamedTuple):
    """A contact whose facts or judgement are not what was published: before and after. A withdrawn one has no after."""

    before: tuple[Contact, Judgement] | None
    after: tuple[Contact, Judgement] | None


@dataclass(slots=True)
class Journey:
    """All that is held of one customer. Contacts are in order of arrival, signs and nudges in order of time."""

    contacts: list[Held] = field(default_factory=list)
    signs: list[Sign] = field(default_factory=list)
    nudges: list[Nudged] = field(default_factory=list)
    _grouping: Grouping | None = field(default=None, compare=False, repr=False)

    def grouping(self, policy: Policy) -> Grouping:
        """Return the problems of the contacts."""
        if self._grouping is None:
            self._grouping = Grouping(policy)
            for held in self.contacts:
                self._grouping.add(held.contact, self.signs, held.kept.carry)
        return self._grouping

    def regroup(self) -> None:
        """Have the contacts put together anew, because the past is not what it was."""
        self._grouping = None

    def index_of(self, contact_id: str) -> int | None:
        """Return the place of a contact among those held, ``None`` if it is not."""
        for index, held in enumerate(self.contacts):
            if held.contact.contact_id == contact_id:
                return index
        return None

    def tell(self, contact: Contact, policy: Policy, *, new: bool, late: bool = False) -> list[Change]:
        """Take what is now known of a contact, and return what it changes.

        Args:
            contact: what is known.
            policy: by which to judge.
            new: whether nothing was told of it before; one that is not new and not held was forgotten, and stays so.
            late: whether later facts than this one are known already.
        """
        index = self.index_of(contact.contact_id)
        if index is not None:
            return self._tell_again(index, contact, policy, late=late)
        if not new:
            return []
        held = Held(contact)
        insort(self.contacts, held)
        if late or self.contacts[-1] is not held:
            self.regroup()
            return self._judge(policy)
        if self._grouping is not None:
            self._grouping.add(contact, self.signs, None)
        return self._judge(policy, len(self.contacts) - 1)

    def _tell_again(self, index: int, contact: Contact, policy: Policy, *, late: bool) -> list[Change]:
        held = self.contacts[index]
        published = held.contact
        if published == contact:
            return []
        if published.arrived_at != contact.arrived_at:
            del self.contacts[index]
            self.regroup()
            return [*_withdrawal(held), *self.tell(contact, policy, new=True, late=True)]
        held.contact = contact
        rekeyed = _keys(published) != _keys(contact)
        if rekeyed:
            held.kept = Kept(carry=held.kept.carry)
        if late or (rekeyed and not self.grouping(policy).is_loose_end(index)):
            self.regroup()
            return self._judge(policy, None, index, published)  # it may belong to another problem, and others with it
        if rekeyed:
            self.grouping(policy).add_again(contact, self.signs, held.kept.carry)
        else:
            self.grouping(policy).end(index, contact, self.signs)
        return self._judge(policy, index, index, published)

    def withdraw(self, contact_id: str, policy: Policy) -> list[Change]:
        """Forget a contact that turned out to be another customer's, and return what that changes."""
        index = self.index_of(contact_id)
        if index is None:
            return []
        held = self.contacts.pop(index)
        self.regroup()
        return [*_withdrawal(held), *self._judge(policy)]

    def note_responses(self, contact_ids: Iterable[str]) -> list[Change]:
        """Have the judgements of contacts say how the nudges for them were answered, and return what differs."""
        changes = []
        for contact_id in contact_ids:
            index = self.index_of(contact_id)
            held = self.contacts[index] if index is not None else None
            response = response_of(self.nudges, contact_id)
            if held is not None and held.judgement is not None and held.judgement.response != response:
                judgement = held.judgement._replace(response=response)
                changes.append(Change((held.contact, held.judgement), (held.contact, judgement)))
                held.judgement = judgement
        return changes

    def sign(self, sign: Sign, policy: Policy) -> list[Change] | None:
        """Take a sign, and return what it changes; ``None`` if it is known already."""
        if any(known.event_id == sign.event_id for known in self.signs):
            return None
        insort(self.signs, sign)
        if not self._matters(sign):
            return []
        self.regroup()
        return self._judge(policy) if self.contacts else []

    def _matters(self, sign: Sign) -> bool:
        """Say whether a sign changes what can be said of any contact: most cases only repeat what contacts say."""
        if sign.kind == "opened":
            about = (held.contact for held in self.contacts if held.contact.contact_id == sign.contact_id)
            return any(contact.case_id is None for contact in about)
        if sign.kind == "resolved":
            return any(known.kind == "reopened" for known in self.signs)
        return bool(self.contacts)

    def _judge(
        self, policy: Policy, about: int | None = None, told: int = -1, published: Contact | None = None
    ) -> list[Change]:
        """Judge again, and return what differs from what was published (of the contact told: from ``published``)."""
        contacts, first_unsettled = self.contacts, about or 0

        def kept(index: int) -> Kept:
            held = contacts[index]
            return held.settled if index < first_unsettled else held.kept

        changes = []
        for index, judgement in judge(self.grouping(policy), self.signs, kept, about):
            held = contacts[index]
            if self.nudges:
                judgement = judgement._replace(response=response_of(self.nudges, held.contact.contact_id))  # noqa: PLW2901
            if judgement == held.judgement and index != told:
                continue
            before = None
            if held.judgement is not None:
                before = (published if index == told and published is not None else held.contact, held.judgement)
            changes.append(Change(before, (held.contact, judgement)))
            held.judgement = judgement
        return changes


def _withdrawal(held: Held) -> list[Change]:
    return [Change((held.contact, held.judgement), None)] if held.judgement is not None else []


def _keys(contact: Contact) -> tuple[str | None, str | None, str | None]:
    """Return what ties a contact to its problem."""
    return (contact.case_id, contact.reason, contact.product)
