"""Contacts ahead of time: as they will be known by events that were read and wait for the watermark."""

from collections import defaultdict
from collections.abc import Iterable
from operator import attrgetter
from typing import cast

from streams.domain.contact import ContactFold
from streams.domain.events import ContactEvent, ContactOffered, Event, order
from streams.domain.labels import LabelBudget
from streams.domain.ledger import Additions
from streams.domain.policy import Policy
from streams.domain.units import Millis
from streams.processors.contacts import CONTACT_EVENTS
from streams.processors.previews import Preview


class Ahead:
    """The events of contacts that wait, by contact: no more than come within the allowed lateness."""

    def __init__(self, policy: Policy, labels: LabelBudget) -> None:
        self._policy = policy
        self._labels = labels
        self._waiting: defaultdict[str, list[ContactEvent]] = defaultdict(list)
        self._fresh: set[str] = set()
        self._swept_at: Millis = 0

    @property
    def fresh(self) -> frozenset[str]:
        """The contacts of which something was read since :meth:`show` was asked last."""
        return frozenset(self._fresh)

    def hold(self, events: Iterable[Event], watermark: Millis, *, since: Millis) -> None:
        """Take events that were read; those before the watermark wait no longer, those before ``since`` are history."""
        if watermark >= self._swept_at:
            self._sweep(watermark)
        for event in events:
            if event.occurred_at >= watermark and type(event) in CONTACT_EVENTS:
                of_contact = cast("ContactEvent", event)
                self._waiting[of_contact.contact_id].append(of_contact)
                if event.occurred_at >= since:
                    self._fresh.add(of_contact.contact_id)

    def show(self, known: dict[str, ContactFold], watermark: Millis) -> list[Preview]:
        """Return each fresh contact as it will be known, made of what is known of it and of what waits."""
        shown = []
        for contact_id in sorted(self._fresh):
            waiting = [event for event in self._waiting[contact_id] if event.occurred_at >= watermark]
            preview = self._look(known.get(contact_id), waiting) if waiting else None
            if preview is not None:
                shown.append(preview)
        self._fresh.clear()
        return shown

    def _look(self, known: ContactFold | None, waiting: list[ContactEvent]) -> Preview | None:
        """Fold what waits upon what is known; nothing is counted, and no label is admitted."""
        fold, ignored = ContactFold(self._policy, self._labels.peek()), Additions()
        for event in [*(known.events if known is not None else ()), *sorted(waiting, key=order)]:
            if event.event_id not in fold.event_ids and not (fold.offer is not None and type(event) is ContactOffered):
                fold.apply(event, ignored)
        contact = fold.snapshot()
        return None if contact is None else Preview(max(map(attrgetter("occurred_at"), waiting)), contact)

    def _sweep(self, watermark: Millis) -> None:
        """Let go of what waits no longer, not more often than as time goes on by the allowed lateness."""
        self._swept_at = watermark + self._policy.lateness
        for contact_id, waiting in list(self._waiting.items()):
            if all(event.occurred_at < watermark for event in waiting):
                del self._waiting[contact_id]
