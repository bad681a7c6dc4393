"""Contacts ahead of time: as they will be known by events that were read and wait for the watermark."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import cast

from streams.domain.contact import ContactFold
from streams.domain.events import ContactEvent, Event, order
from streams.domain.labels import LabelBudget
from streams.domain.policy import Policy
from streams.domain.units import Millis
from streams.domain.watermark import Release
from streams.processors.changes import Changes, States
from streams.processors.contacts import CONTACT_EVENTS, Contacts
from streams.processors.facts import ContactKnown, Fact
from streams.processors.previews import Preview


class Ahead:
    """The events of contacts that wait, by contact: no more than come within the allowed lateness."""

    def __init__(self, policy: Policy, labels: LabelBudget) -> None:
        self._policy = policy
        self._contacts = Contacts(policy, labels.peek())
        self._waiting: defaultdict[str, list[ContactEvent]] = defaultdict(list)
        self._fresh: set[str] = set()
        self._swept_at: Millis = 0

    @property
    def fresh(self) -> frozenset[str]:
        """The contacts of which something was read since :meth:`show` was asked last."""
        return frozenset(self._fresh)

    def hold(self, events: Iterable[Event], watermark: Millis, *, since: Millis) -> None:
        """Take events that were read, each once; those before the watermark don't wait, before ``since`` is history."""
        if watermark >= self._swept_at:
            self._sweep(watermark)
        for event in events:
            if event.occurred_at >= watermark and type(event) in CONTACT_EVENTS:
                of_contact = cast("ContactEvent", event)
                self._waiting[of_contact.contact_id].append(of_contact)
                if event.occurred_at >= since:
                    self._fresh.add(of_contact.contact_id)

    def show(self, known: Mapping[str, ContactFold], watermark: Millis) -> list[Preview]:
        """Return each fresh contact as it will be known from each time on at which what waits changes that."""
        shown: list[Preview] = []
        for contact_id in sorted(self._fresh):
            waiting = sorted(
                (event for event in self._waiting[contact_id] if event.occurred_at >= watermark), key=order
            )
            shown += self._look(contact_id, known.get(contact_id), waiting, watermark)
        self._fresh.clear()
        return shown

    def _look(
        self, contact_id: str, known: ContactFold | None, waiting: list[ContactEvent], watermark: Millis
    ) -> Iterable[Preview]:
        """Have a copy of what is known take what waits, as it will; nothing is counted, and no label is admitted."""
        states = States({} if known is None else {contact_id: self._contacts.restore(known.events)})
        facts: list[Fact] = []
        ignored = Changes()
        for event in waiting[: self._policy.events_per_contact]:  # a contact takes no more than that
            self._contacts.take(event, Release([event], watermark), states, ignored, facts)
        return [Preview(fact.occurred_at, fact.contact) for fact in facts if isinstance(fact, ContactKnown)]

    def _sweep(self, watermark: Millis) -> None:
        """Let go of what waits no longer, not more often than as time goes on by the allowed lateness."""
        self._swept_at = watermark + self._policy.lateness
        for contact_id, waiting in list(self._waiting.items()):
            if all(event.occurred_at < watermark for event in waiting):
                del self._waiting[contact_id]
