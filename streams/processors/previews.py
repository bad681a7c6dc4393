"""Nudges ahead of time: what is about to be decided, told as soon as it is read.

What is counted waits until everything that could have happened before it is known. A nudge can't: the customer is on
the line. So contacts are shown here as soon as their events are read, and the nudge that they call for as things stand
is told as *provisional*. It has the id that the settled one will have. Nothing of it is kept and nothing is counted: a
restart may lose one, and then the settled one follows all the same.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from streams.domain import nudging
from streams.domain.contact import Contact
from streams.domain.journey import Held, Journey
from streams.domain.nudges import Nudge
from streams.domain.policy import Policy
from streams.domain.retention import is_expired
from streams.domain.throttle import Part, Throttle
from streams.domain.units import Millis
from streams.processors.changes import States

_Shown: TypeAlias = dict[tuple[Millis, str], Contact]
"""Contacts of a customer, by the time from which they will be known so, and their ids."""


class Preview(NamedTuple):
    """A contact as it will be known from a time on, before that is settled."""

    at: Millis
    contact: Contact


class Previews:
    """Holds what was shown and is not settled yet, by customer: no more than comes within the allowed lateness."""

    def __init__(self, policy: Policy, throttle: Throttle) -> None:
        self._policy = policy
        self._throttle = throttle
        self._shown: defaultdict[str, _Shown] = defaultdict(dict)
        self._told: dict[tuple[str, str], Millis] = {}
        self._issued: defaultdict[Part, list[Millis]] = defaultdict(list)
        self._swept_at: Millis = 0

    def take(self, previews: Sequence[Preview], settled: Millis, journeys: States[Journey]) -> list[Nudge]:
        """Take what is shown, and return what it calls for. The journeys must be those of their customers.

        Args:
            previews: contacts as they will be known; what was shown of one for the same time before is replaced.
            settled: the time before which everything has been decided.
            journeys: as they were decided; they are left as they are.
        """
        self._sweep(settled)
        ahead = [preview for preview in previews if preview.at >= settled]
        for at, contact in ahead:
            self._shown[contact.customer_id][at, contact.contact_id] = contact
        customers = dict.fromkeys(preview.contact.customer_id for preview in ahead)
        return [
            nudge
            for customer_id in customers
            for nudge in self._look(self._shown[customer_id], settled, journeys.get(customer_id))
        ]

    def _look(self, shown: _Shown, settled: Millis, journey: Journey | None) -> Iterator[Nudge]:
        """Go on with a copy of a journey as if what was shown were settled; yield what is news in that."""

        def admits(nudge: Nudge) -> bool:
            return _key(nudge) in self._told or self._admits(nudge, settled)

        journey = _copy(journey)
        for (at, _), contact in sorted(_since(settled, shown).items()):
            if is_expired(journey, at, self._policy):
                journey = Journey()  # as will be settled, whether it has been let go of by now or not
            changed = journey.tell(contact, self._policy, new=True)
            for nudge in nudging.repeats(journey, changed, at, self._policy):
                nudged, told = nudging.decide(journey, nudge, self._policy, admits)
                if told is not None and _key(nudge) not in self._told:
                    self._told[_key(nudge)] = nudge.at
                    if nudged.fate == "issued":
                        self._issued[self._part_of(nudge)].append(nudge.at)
                    yield told._replace(provisional=True)

    def _admits(self, nudge: Nudge, settled: Millis) -> bool:
        """Say whether a team may be told one more, those being counted as well that wait to be settled."""
        contact = nudge.contact
        ahead = sum(at >= settled for at in self._issued[self._part_of(nudge)])
        return self._throttle.admits(contact.arrived[1], contact.customer_id, nudge.at, ahead)

    def _part_of(self, nudge: Nudge) -> Part:
        return self._throttle.part_of(nudge.contact.arrived[1], nudge.contact.customer_id, nudge.at)

    def _sweep(self, settled: Millis) -> None:
        """Let go of what has been settled, not more often than as time goes on by the allowed lateness."""
        if settled < self._swept_at:
            return
        self._swept_at = settled + self._policy.lateness
        for customer_id, shown in list(self._shown.items()):
            left = _since(settled, shown)
            if left:
                self._shown[customer_id] = left
            else:
                del self._shown[customer_id]
        self._told = {key: at for key, at in self._told.items() if at >= settled}
        for part, issued in list(self._issued.items()):
            if max(issued, default=0) < settled:
                del self._issued[part]


def _key(nudge: Nudge) -> tuple[str, str]:
    """Return what tells a nudge from others: one of a contact that turns out to be another customer's is another."""
    return nudge.nudge_id, nudge.contact.customer_id


def _since(at: Millis, shown: _Shown) -> _Shown:
    return {key: contact for key, contact in shown.items() if key[0] >= at}


def _copy(journey: Journey | None) -> Journey:
    if journey is None:
        return Journey()
    return Journey(
        [Held(held.contact, held.judgement, held.kept) for held in journey.contacts],
        list(journey.signs),
        list(journey.nudges),
    )
