"""A contact, assembled from its events, and the legacy measures that its events add up to.

A contact's state is the list of its events; everything else is folded from them in their order. An event that comes
late is put where it belongs and the fold is made anew: what differs from before is added or retracted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, NamedTuple

from streams.domain import events as e
from streams.domain import measures as m
from streams.domain.arrivals import demand_entries
from streams.domain.labels import LabelBudget
from streams.domain.ledger import Additions, Exemplar, Labels, hour_of
from streams.domain.policy import UNKNOWN, Policy
from streams.domain.units import Millis


class Contact(NamedTuple):
    """What is known of a contact at some moment: what the journey of its customer is told.

    ``customer_id`` is empty where nobody knows whose it is: such a contact is for no journey.
    ``arrived`` and ``ended`` are the labels (queue, team, channel) where it arrived and where it first ended. ``ends``
    are all its ends in order: it is judged from the first; a later one ends it again after it was reopened.
    Effort is the customer's time: queue, hold, talk and self-service. ``handle`` is talk, hold and wrap of the first
    end, ``None`` if unknown. ``sla_met`` and ``in_threshold`` (answered within the service-level threshold) are said
    once it has ended.
    """

    contact_id: str
    customer_id: str
    arrived_at: Millis
    arrived: Labels
    reason: str | None
    product: str | None
    case_id: str | None
    demand: e.DemandClass | None
    ends: tuple[Millis, ...] = ()
    ended: Labels = ()
    abandoned: bool = False
    effort: Millis = 0
    handle: Millis | None = None
    claimed_resolved: bool = False
    sla_met: bool | None = None
    in_threshold: bool = False
    reason_label: str = UNKNOWN

    @property
    def ended_at(self) -> Millis | None:
        """When it ended first; ``None`` while it is open."""
        return self.ends[0] if self.ends else None

    @property
    def handled_label(self) -> str:
        """What keeps an abandoned contact apart from those that were handled."""
        return "false" if self.abandoned else "true"


_UNTOLD: Final = frozenset((e.ContactAnswered, e.ContactTransferred, e.SurveyAnswered, e.ActionTaken))
"""Events that change nothing that a journey is told at once: what they lead to is told when the contact ends."""


@dataclass(slots=True)
class ContactFold:
    """A contact as its events make it, one by one, in their order. Adds the legacy measures as it goes."""

    policy: Policy
    labels: LabelBudget
    events: list[e.ContactEvent] = field(default_factory=list)
    offer: e.ContactOffered | None = None
    offered_at: Millis = 0
    customer_id: str | None = None
    queue: str | None = None
    team: str | None = None
    reason: str | None = None
    product: str | None = None
    case_id: str | None = None
    place: Labels = ()
    arrived: Labels = ()
    ended: Labels = ()
    ends: tuple[Millis, ...] = ()
    abandoned: bool = False
    waiting_since: Millis | None = None
    answered_at: Millis | None = None
    in_threshold: bool = False
    transfers: int = 0
    waited: Millis = 0
    effort: Millis = 0
    handle: Millis | None = None
    claimed_resolved: bool = False
    sla_met: bool | None = None
    _known: Contact | None = field(default=None, compare=False, repr=False)
    _is_known: bool = field(default=False, compare=False, repr=False)

    def apply(self, event: e.ContactEvent, to: Additions) -> None:
        """Fold one more event, which is not before any other of the contact, and add what it counts."""
        self.events.append(event)
        if self.offer is None and not isinstance(event, e.ContactOffered):
            return  # waits for the offer, which is late; the fold is made anew when it comes
        if type(event) not in _UNTOLD:
            self._is_known = False
        self._FOLDS[type(event)](self, event, to)

    def knows(self, event_id: str) -> bool:
        """Say whether an event is among those that were folded: few enough to look at each."""
        for event in self.events:  # noqa: SIM110 - any() takes three times as long, once for each event of the log
            if event.event_id == event_id:
                return True
        return False

    def snapshot(self) -> Contact | None:
        """Return the contact as its customer's journey should know it, ``None`` if it is not for any journey."""
        if not self._is_known:
            offer, customer_id = self.offer, self.customer_id
            if offer is None or customer_id is None or offer.direction == "outbound":
                self._known = None
            else:
                self._known = self._contact(offer, customer_id)
            self._is_known = True
        return self._known

    def stranger(self) -> Contact | None:
        """Return the contact as it is told of once it has ended and nobody knows whose it was, else ``None``."""
        return self._contact(self.offer, "") if self.offer is not None and self._is_stranger else None

    def _contact(self, offer: e.ContactOffered, customer_id: str) -> Contact:
        return Contact(
            offer.contact_id,
            customer_id,
            offer.occurred_at,
            self.arrived,
            self.reason,
            self.product,
            self.case_id,
            offer.demand,
            self.ends,
            self.ended,
            self.abandoned,
            self.effort,
            self.handle,
            self.claimed_resolved,
            self.sla_met if self.ends else None,
            self.in_threshold and bool(self.ends),
            self.labels.admit("reason", self.reason),
        )

    def counted_reason(self) -> str | None:
        """Return the label that its reason counts under; ``None`` while nothing is counted by reason."""
        contact = self.snapshot() or self.stranger()
        return None if contact is None else contact.reason_label

    @property
    def inbound(self) -> bool:
        """Whether a customer tries to reach us, and not we them."""
        return self.offer is not None and self.offer.direction == "inbound"

    def _move(self, queue: str | None, team: str | None) -> None:
        if queue is not None and queue != self.queue:
            self.queue = queue
            self.team = team or self.policy.queue_team.get(queue)
        elif team is not None:
            self.team = team
        labels = self.labels
        channel = self.offer.channel if self.offer else None
        self.place = (
            labels.admit("queue", self.queue),
            labels.admit("team", self.team),
            labels.admit("channel", channel),
        )

    def _offered(self, event: e.ContactOffered, to: Additions) -> None:
        if self.offer is not None:
            return
        self.offer = event
        self.offered_at = event.occurred_at
        self.customer_id = event.customer_id
        self.reason, self.product, self.case_id = event.reason, event.product, event.case_id
        self._move(event.queue, event.team)
        self.arrived = self.place
        if event.direction == "outbound":
            to.count(m.OUTBOUND, self.place)
            return
        self.waiting_since = event.occurred_at
        to.count(m.OFFERED, self.place)

    def _identified(self, event: e.ContactIdentified, to: Additions) -> None:
        self._count_stranger(to, -1)
        self.customer_id = event.customer_id

    def _updated(self, event: e.ContactUpdated, to: Additions) -> None:
        self._count_stranger(to, -1)
        self.reason = event.reason or self.reason
        self.product = event.product or self.product
        self.case_id = event.case_id or self.case_id
        if event.queue is not None or event.team is not None:
            self._move(event.queue, event.team)
        if event.sla_met is not None:
            self._count_sla(to, -1)
            self.sla_met = event.sla_met
            self._count_sla(to, 1)
        self._count_stranger(to, 1)

    def _answered(self, event: e.ContactAnswered, to: Additions) -> None:
        self._move(event.queue, event.team)
        if not self.inbound or self.waiting_since is None:
            return
        self._leave_queue(self.waiting_since, event.occurred_at, "answered", to)
        if self.answered_at is None:
            self.answered_at = event.occurred_at
            waited = event.occurred_at - self.offered_at
            to.count(m.ANSWERED, self.place)
            to.observe(m.FIRST_RESPONSE, self.place, waited)
            if waited <= self.policy.threshold_of(self.queue or UNKNOWN):
                self.in_threshold = True
                to.count(m.ANSWERED_IN_THRESHOLD, self.place)

    def _transferred(self, event: e.ContactTransferred, to: Additions) -> None:
        if self.inbound:
            to.count(m.TRANSFERS, self.place)
            self.transfers += 1
            if self.waiting_since is None and not self.ends:
                self.waiting_since = event.occurred_at
        self._move(event.to_queue, event.to_team)

    def _abandoned(self, event: e.ContactAbandoned, to: Additions) -> None:
        if self.ends or not self.inbound:
            return
        if self.waiting_since is not None:
            self._leave_queue(self.waiting_since, event.occurred_at, "abandoned", to)
        waited = event.occurred_at - self.offered_at
        short = self.answered_at is None and waited < self.policy.short_abandon
        to.count(m.SHORT_ABANDONED if short else m.ABANDONED, self.place)
        if waited <= self.policy.threshold_of(self.queue or UNKNOWN):
            to.count(m.ABANDONED_IN_THRESHOLD, self.place)
        self.abandoned = True
        self.effort = self.waited
        self._end(event.occurred_at, to)

    def _finished(self, event: e.ContactEnded, to: Additions) -> None:
        if not self.inbound:
            return
        if self.ends:
            self.ends = (*self.ends, event.occurred_at)
            return
        hold, wrap = event.hold or 0, event.wrap or 0
        talk = event.talk
        if talk is None and self.answered_at is not None:
            talk = max(event.occurred_at - self.answered_at - hold, 0)
        self.effort = self.waited + (talk or 0) + hold + (event.self_service or 0)
        to.count(m.HANDLED, self.place)
        if talk is not None:
            self.handle = talk + hold + wrap
            to.observe(m.HANDLE_TIME, self.place, self.handle)
            to.exemplify(m.HANDLE_TIME, self.place, Exemplar(event.contact_id, self.handle, event.occurred_at))
            to.count(m.TALK_TIME, self.place, talk)
            to.count(m.HOLD_TIME, self.place, hold)
            to.count(m.WRAP_TIME, self.place, wrap)
        if self.transfers:
            to.count(m.TRANSFERRED, self.place)
        if event.claimed_resolved:
            self.claimed_resolved = True
            to.count(m.CLAIMED_RESOLVED, self.place)
        if event.sla_met is not None:
            self.sla_met = event.sla_met
        self._end(event.occurred_at, to)
        self._count_sla(to, 1)

    def _surveyed(self, event: e.SurveyAnswered, to: Additions) -> None:
        to.count(m.SURVEYS, self.place)
        if event.csat is not None:
            to.count(m.CSAT, (*self.place, str(event.csat)))
        if event.nps is not None:
            to.count(m.NPS, (*self.place, str(event.nps)))

    def _nudge_answered(self, event: e.ActionTaken, to: Additions) -> None:  # noqa: ARG002 - as all folds
        """Count nothing: it is remembered, so that it is not taken twice; the rest is for the customer's journey."""
        self.events[-1] = event._replace(note=None)

    def _leave_queue(self, since: Millis, at: Millis, left_by: str, to: Additions) -> None:
        waited = at - since
        self.waiting_since = None
        self.waited += waited
        to.observe(m.QUEUE_TIME, (*self.place, left_by), waited)

    def _end(self, at: Millis, to: Additions) -> None:
        self.ends = (at,)
        self.ended = self.place
        self.waiting_since = None
        to.count(m.EFFORT, self.place, self.effort)
        self._count_stranger(to, 1)

    def _count_sla(self, to: Additions, n: int) -> None:
        if self.ends and self.sla_met is not None and not self.abandoned:
            to.count(m.SLA_MET if self.sla_met else m.SLA_MISSED, self.ended, n)

    @property
    def _is_stranger(self) -> bool:
        """Whether it has ended, and nobody knows whose it was."""
        return self.customer_id is None and bool(self.ends) and self.offer is not None

    def _count_stranger(self, to: Additions, n: int) -> None:
        """Count an ended contact of nobody we know: no journey will, so what can be said of it is said here."""
        if self.offer is None or not self._is_stranger:
            return
        handled = "false" if self.abandoned else "true"
        reason = self.labels.admit("reason", self.reason)
        demand, evidence = self.policy.demand_of(self.reason, self.offer.demand)
        nowhere = (UNKNOWN, UNKNOWN, UNKNOWN)
        for entry in demand_entries(self.offered_at, self.arrived, reason, demand, evidence, nowhere):
            hour, name, labels, one = entry
            to.count(name, labels, one * n, hour)
        to.count(m.UNLINKABLE, (*self.ended, handled, "no_customer"), n)
        to.count(m.COHORT_UNLINKABLE, (*self.ended, handled), n, hour=hour_of(self.ends[0]))

    _FOLDS: ClassVar[Mapping[type, Callable[["ContactFold", Any, Additions], None]]] = {
        e.ContactOffered: _offered,
        e.ContactIdentified: _identified,
        e.ContactUpdated: _updated,
        e.ContactAnswered: _answered,
        e.ContactTransferred: _transferred,
        e.ContactAbandoned: _abandoned,
        e.ContactEnded: _finished,
        e.SurveyAnswered: _surveyed,
        e.ActionTaken: _nudge_answered,
    }
