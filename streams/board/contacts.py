"""What is known of each contact, for as long as its outcome can change, and which contacts are one problem."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

from streams.board.records import Arrival, End, Sign
from streams.domain.units import DAY, Millis

MOST_OF_PROBLEM: Final = 100
"""Contacts that a problem shows at most; the newest."""


class Verdict(NamedTuple):
    """What a contact was judged in a window, when, and what was said before if that changed."""

    window: str
    at: Millis
    verdict: str
    restates: str | None


Whose: TypeAlias = tuple[str, str | None]
"""A contact and its customer, by their ids: one that turns out to be another customer's is told of anew as theirs.

A stranger's has no customer, until it turns out whose it was.
"""


@dataclass(slots=True, eq=False)
class Contact:
    """A contact as far as records have told of it as one customer's, or nobody's, in whatever order."""

    contact_id: str
    customer_id: str | None
    arrival: Arrival | None = None
    end: End | None = None
    signs: dict[str, Sign] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @property
    def whose(self) -> Whose:
        """What tells it from all others."""
        return self.contact_id, self.customer_id

    @property
    def latest(self) -> Millis:
        """When it was last heard of: its end, or else its arrival, or what was seen of it."""
        if self.end is not None:
            return self.end.at
        if self.arrival is not None:
            return self.arrival.at
        return max((sign.at for sign in self.signs.values()), default=0)

    @property
    def began(self) -> Millis:
        """When it arrived, as far as is known."""
        return self.arrival.at if self.arrival is not None else self.latest

    @property
    def recurred_at(self) -> Millis | None:
        """When its problem came back first, by whatever showed it."""
        signs = self.signs
        return min((signs[by].at for by in ("recontact", "reopened", "denied") if by in signs), default=None)

    @property
    def failed_at(self) -> Millis | None:
        """When its problem came back or its customer left, whichever was first."""
        times = [at for at in (self.recurred_at, self.exited_at) if at is not None]
        return min(times, default=None)

    @property
    def exited_at(self) -> Millis | None:
        """When its customer left, if they did."""
        sign = self.signs.get("exited")
        return None if sign is None else sign.at

    @property
    def teams(self) -> set[str]:
        """The teams that it has been with, as far as it is known: where it arrived and where it ended."""
        return {told.place.team for told in (self.arrival, self.end) if told is not None}


class Contacts:
    """The contacts that are remembered: for ``kept`` after they were last heard of.

    ``token`` turns an id into what stands for it in a URL.
    """

    def __init__(self, kept: Millis, token: Callable[[str], str]) -> None:
        self.kept = kept
        self._token = token
        self._known: dict[str, tuple[Contact, ...]] = {}
        """By id: one, but while it is not told yet that it is no longer another customer's; the newest last."""
        self._charged: dict[str, list[str]] = {}
        self._by_token: dict[str, str] = {}
        self._trimmed: Millis = 0

    def __len__(self) -> int:
        return len(self._known)

    def get(self, contact_id: str | None) -> Contact | None:
        """Return a contact that is remembered."""
        return self._known[contact_id][-1] if contact_id in self._known else None

    def find(self, whose: Whose) -> Contact | None:
        """Return a contact that is remembered as one customer's."""
        return next((one for one in self._known.get(whose[0], ()) if one.customer_id == whose[1]), None)

    def open(self, whose: Whose) -> Contact:
        """Return a contact, which is remembered from now on."""
        contact = self.find(whose)
        if contact is None:
            contact = Contact(*whose)
            self._known[contact.contact_id] = (*self._known.get(contact.contact_id, ()), contact)
            self._by_token[self._token(contact.contact_id)] = contact.contact_id
        return contact

    def drop(self, contact: Contact) -> None:
        """Forget a contact."""
        self._uncharge(contact)
        left = tuple(one for one in self._known[contact.contact_id] if one is not contact)
        if left:
            self._known[contact.contact_id] = left
        else:
            del self._known[contact.contact_id]
            del self._by_token[self._token(contact.contact_id)]

    def charge(self, contact: Contact, arrival: Arrival) -> None:
        """Note why a contact arrived, and which contact that is charged to."""
        if contact.arrival is not None:
            self._uncharge(contact)
        contact.arrival = arrival
        origin = arrival.charged.origin_id
        if origin is not None:
            self._charged.setdefault(origin, []).append(contact.contact_id)

    def problem(self, contact_id: str) -> list[Contact]:
        """Return the contacts of a contact's problem that are remembered, oldest first; the newest if there are many.

        Contacts are of one problem if one is charged to the other.
        """
        found: dict[str, Contact] = {}
        coming = [contact_id]
        while coming:
            contact = self.get(one := coming.pop())
            if contact is None or one in found:
                continue
            found[one] = contact
            coming += self._charged.get(one, ())
            if contact.arrival is not None and contact.arrival.charged.origin_id is not None:
                coming.append(contact.arrival.charged.origin_id)
        return sorted(found.values(), key=_order)[-MOST_OF_PROBLEM:]

    def by_token(self, token: str) -> Contact | None:
        """Return the contact that a token stands for."""
        return self.get(self._by_token.get(token))

    def token_of_problem(self, contact_id: str) -> str | None:
        """Return the token of a contact's problem, which is that of its first contact; ``None`` if it is forgotten."""
        problem = self.problem(contact_id)
        return self._token(problem[0].contact_id) if problem else None

    def trim(self, now: Millis) -> None:
        """Forget, once a day, what was last heard of too long ago to matter."""
        if now < self._trimmed + DAY // 4:
            return
        self._trimmed = now
        for contact in [contact for contact in self if contact.latest < now - self.kept]:
            self.drop(contact)
            if contact.contact_id not in self._known:
                self._charged.pop(contact.contact_id, None)

    def __iter__(self) -> Iterator[Contact]:
        return chain.from_iterable(self._known.values())

    def _uncharge(self, contact: Contact) -> None:
        origin = contact.arrival.charged.origin_id if contact.arrival is not None else None
        charged = self._charged.get(origin, []) if origin is not None else []
        if contact.contact_id in charged:
            charged.remove(contact.contact_id)


def _order(contact: Contact) -> tuple[Millis, str]:
    return contact.began, contact.contact_id
