"""The contacts processor: assembles contacts, counts the legacy measures, and tells journeys what is known.

A contact whose customer nobody knows when it ends is a stranger's: no journey will tell of it, so that is done here.
"""

from collections.abc import Iterable, Sequence
from typing import Final, cast, get_args

from streams.domain import measures as m
from streams.domain.contact import Contact, ContactFold
from streams.domain.events import (
    TYPE_OF,
    ActionTaken,
    ContactEvent,
    ContactIdentified,
    ContactOffered,
    Event,
    order,
)
from streams.domain.judgement import Judgement, judge_stranger
from streams.domain.labels import OTHER, LabelBudget
from streams.domain.ledger import Additions
from streams.domain.policy import UNKNOWN, Policy
from streams.domain.units import Millis
from streams.domain.watermark import Release
from streams.processors.changes import Changes, Rejected, States
from streams.processors.facts import ContactKnown, ContactTaken, ContactWithdrawn, Fact, NudgeAnswered
from streams.processors.telling import tell

_PLACE: Final = ("queue", "team", "channel")
_NOWHERE: Final = (UNKNOWN,) * len(_PLACE)
_COUNTED: Final = (*_PLACE, "reason")
_NOTHING: Final = (*_NOWHERE, None)

_FORGOTTEN: Final = "older than the longest window, its contact forgotten; replay history first, in order of time"

CONTACT_EVENTS: frozenset[type] = frozenset(get_args(ContactEvent))


class Contacts:
    """State: by contact id, the contact's events."""

    name = "contacts"

    def __init__(self, policy: Policy, labels: LabelBudget) -> None:
        self.policy = policy
        self.labels = labels

    def keys(self, events: Iterable[Event]) -> set[str]:
        """Return the keys whose state a batch touches."""
        return {cast("ContactEvent", event).contact_id for event in events if type(event) in CONTACT_EVENTS}

    def expires_at(self, fold: ContactFold) -> Millis:
        """Return the time from which a contact need not be remembered.

        Twice the longest window: it can be reopened within the first, and end again within the second.
        """
        last = fold.events[-1].occurred_at
        return last + (2 * self.policy.longest_window if fold.ends else self.policy.open_contact_expiry) + 1

    def restore(self, events: Sequence[ContactEvent]) -> ContactFold:
        """Make a contact again from its events, counting nothing."""
        fold = ContactFold(self.policy, self.labels)
        ignored = Additions()
        for event in events:
            fold.apply(event, ignored)
        return fold

    def take(
        self, event: ContactEvent, release: Release, states: States[ContactFold], changes: Changes, facts: list[Fact]
    ) -> None:
        """Take an event of a release, and add to the facts what the journey of its customer is to be told.

        Of a stranger's contact, which has none, what is to be told of it is among the changes.
        """
        to = changes.additions
        now = release.watermark if release.late else event.occurred_at
        fold = states.get(event.contact_id)
        if fold is not None and self.expires_at(fold) <= now:
            fold = None
        if fold is not None and (fold.knows(event.event_id) or _is_offered_again(event, fold)):
            _take_again(event, fold, to, facts)
            return
        refusal = self._refuse(event, fold, release, now)
        if refusal is not None:
            changes.rejected.append(Rejected(event, *refusal))
            return
        fold = fold or ContactFold(self.policy, self.labels)
        before, was = (fold.snapshot(), _labels(fold)) if fold.events else (None, _NOTHING)
        stranger = fold.stranger() if before is None and fold.ends else None
        answered_at = fold.answered_at
        if fold.events and _is_before(event, fold.events[-1]):
            fold = self._fold_again(fold, event, to)
        else:
            fold.apply(event, to)
        if fold.offer is None:
            to.count(m.ORPHANS, (TYPE_OF[type(event)],))
        states.put(event.contact_id, fold)
        after = fold.snapshot()
        _count_overflow(was, fold, to)
        _tell(before, after, event, facts, taken=fold.answered_at is not None)
        if after is None or stranger is not None:
            self._tell_stranger(stranger, fold.stranger(), event, changes)
        if after is None:
            return
        if isinstance(event, ActionTaken):
            facts.append(_answered(event, after))
        elif answered_at is None and fold.answered_at is not None:
            at, rank, event_id = order(event)
            facts.append(ContactTaken(at, after.customer_id, after.contact_id, rank, event_id))

    def _tell_stranger(self, before: Contact | None, after: Contact | None, by: ContactEvent, changes: Changes) -> None:
        """Put on record what no journey will, in one step with what the ledger counts for it."""
        if before != after:
            tell(self._judged(before), self._judged(after), by.occurred_at, self.policy, changes)

    def _judged(self, stranger: Contact | None) -> tuple[Contact, Judgement] | None:
        return None if stranger is None else (stranger, judge_stranger(stranger, self.policy))

    def _refuse(
        self, event: ContactEvent, fold: ContactFold | None, release: Release, now: Millis
    ) -> tuple[str, str] | None:
        """Return why an event can't be used, and in detail; ``None`` if it can."""
        if isinstance(event, ActionTaken) and (fold is None or fold.snapshot() is None):
            return "unknown_nudge", "no contact of a customer is known that it could be about"
        if fold is None:
            if release.late and event.occurred_at < release.watermark - self.policy.longest_window:
                return "expired", _FORGOTTEN
            return None
        if len(fold.events) >= self.policy.events_per_contact:
            return "contact_too_long", f"its contact has {self.policy.events_per_contact} events already"
        if isinstance(event, ContactIdentified) and self._is_settled(fold, event.customer_id, now):
            return "expired", "another customer's contact, whose windows have passed"
        return None

    def _is_settled(self, fold: ContactFold, customer_id: str, now: Millis) -> bool:
        """Say whether a contact is another customer's, whose journey may have forgotten it and can't give it up."""
        is_anothers = fold.customer_id is not None and fold.customer_id != customer_id
        return is_anothers and bool(fold.ends) and fold.ends[-1] + self.policy.memory <= now

    def _fold_again(self, fold: ContactFold, late: ContactEvent, to: Additions) -> ContactFold:
        """Put a late event where it belongs; add what differs from before, or retract it."""
        counted, counts = Additions(), Additions()
        before = ContactFold(self.policy, self.labels)
        for event in fold.events:
            before.apply(event, counted)
        after = ContactFold(self.policy, self.labels)
        for event in sorted([*fold.events, late], key=order):
            after.apply(event, counts)
        for entry in counts.entries():
            hour, name, labels = entry.series
            was = counted.net(entry.series)
            to.count(name, labels, entry.net - was, hour)
        for entry in counted.entries():
            if entry.series not in counts.added and entry.series not in counts.retracted:
                hour, name, labels = entry.series
                to.count(name, labels, -entry.net, hour)
        return after


def _take_again(event: ContactEvent, fold: ContactFold, to: Additions, facts: list[Fact]) -> None:
    contact = fold.snapshot() if isinstance(event, ActionTaken) else None
    if contact is None:
        to.count(m.DUPLICATES, (TYPE_OF[type(event)],))
    else:  # whether it was of use the first time, its customer's journey knows
        facts.append(_answered(cast("ActionTaken", event), contact, again=True))


def _answered(action: ActionTaken, contact: Contact, *, again: bool = False) -> NudgeAnswered:
    at, rank, event_id = order(action)
    return NudgeAnswered(at, contact.customer_id, action, rank, event_id, again)


def _is_offered_again(event: ContactEvent, fold: ContactFold) -> bool:
    return fold.offer is not None and isinstance(event, ContactOffered)


def _is_before(event: ContactEvent, other: ContactEvent) -> bool:
    # Nearly always the time alone tells that it is not.
    return event.occurred_at <= other.occurred_at and order(event) < order(other)


def _labels(fold: ContactFold) -> tuple[str | None, ...]:
    """Return the labels that a contact counts under: its queue, team, channel and reason."""
    return (*(fold.place or _NOWHERE), fold.counted_reason())


def _count_overflow(was: tuple[str | None, ...], fold: ContactFold, to: Additions) -> None:
    """Count the labels of a contact that have become ``other`` for want of a budget."""
    now = _labels(fold)
    if OTHER in now and fold.offer is not None:
        values = (fold.queue, fold.team, fold.offer.channel, fold.reason)
        for label, value, label_now, earlier in zip(_COUNTED, values, now, was, strict=True):
            if label_now == OTHER not in (value, earlier):
                to.count(m.LABEL_OVERFLOW, (label,))


def _tell(before: Contact | None, after: Contact | None, by: ContactEvent, facts: list[Fact], *, taken: bool) -> None:
    """Tell a journey of a contact when something changed that it could matter to."""
    if after is before or after == before:
        return
    at, rank, event_id = order(by)
    moved = before is None or after is None or after.customer_id != before.customer_id
    if before is not None and moved:
        facts.append(ContactWithdrawn(at, before.customer_id, before.contact_id, rank, event_id))
    if after is not None:
        facts.append(ContactKnown(at, after, moved, rank, event_id, taken))
