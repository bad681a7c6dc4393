"""Nudges ahead of time: what is about to be decided, told as soon as it is read.

What is counted waits until everything that could have happened before it is known. A nudge can't: the customer is on
the line. So contacts are shown here as soon as their events are read, and the nudge that they call for as things stand
is told as *provisional*. It has the id that the settled one will have. Nothing of it is kept and nothing is counted: a
restart may lose one, and then the settled one follows all the same.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from streams.domain import nudging
from streams.domain.contact import Contact
from streams.domain.journey import Held, Journey
from streams.domain.nudges import Nudge
from streams.domain.policy import Policy
from streams.domain.throttle import Throttle
from streams.domain.units import Millis
from streams.processors.changes import States


class Preview(NamedTuple):
    """A contact as it is known at a time, before that is settled."""

    at: Millis
    contact: Contact


class Previews:
    """Holds what was shown and is not settled yet, by customer: no more than comes within the allowed lateness."""

    def __init__(self, policy: Policy, throttle: Throttle) -> None:
        self._policy = policy
        self._throttle = throttle
        self._shown: dict[str, dict[str, Preview]] = {}
        self._told: dict[str, Nudge] = {}
        self._swept_at: Millis = 0

    def take(self, previews: Iterable[Preview], settled: Millis, journeys: States[Journey]) -> list[Nudge]:
        """Take what is shown, and return what it calls for. The journeys must be those of their customers.

        Args:
            previews: contacts as they have become known.
            settled: the time before which everything has been decided.
            journeys: as they were decided; they are left as they are.
        """
        self._sweep(settled)
        fresh: dict[str, set[str]] = {}
        for preview in previews:
            if preview.at >= settled:
                contact = preview.contact
                self._shown.setdefault(contact.customer_id, {})[contact.contact_id] = preview
                fresh.setdefault(contact.customer_id, set()).add(contact.contact_id)
        nudges: list[Nudge] = []
        for customer_id, contact_ids in fresh.items():
            nudges += self._look(customer_id, contact_ids, journeys.get(customer_id))
        return nudges

    def _look(self, customer_id: str, fresh: set[str], settled: Journey | None) -> list[Nudge]:
        """Go on with a copy of a journey as if what was shown were settled; return what is news in that."""
        journey = _copy(settled)
        told: list[Nudge] = []
        for at, contact in sorted(self._shown[customer_id].values(), key=_arrival):
            journey.tell(contact, self._policy, new=True)
            nudge = nudging.repeat(journey, contact.contact_id, at, self._policy)
            if nudge is None:
                continue
            decided = nudging.decide(journey, nudge, self._policy, self._admits)
            if decided.told is not None and contact.contact_id in fresh and nudge.nudge_id not in self._told:
                self._told[nudge.nudge_id] = nudge
                told.append(decided.told._replace(provisional=True))
        return told

    def _admits(self, nudge: Nudge) -> bool:
        """Say whether a team may be told one more, those that it was told ahead of time being counted as well."""
        if nudge.nudge_id in self._told:
            return True
        contact = nudge.contact
        ahead = Counter(one.contact.arrived[1] for one in self._told.values())
        return self._throttle.admits(contact.arrived[1], contact.customer_id, nudge.at, ahead[contact.arrived[1]])

    def _sweep(self, settled: Millis) -> None:
        """Let go of what has been settled, not more often than as time goes on by the allowed lateness."""
        if settled < self._swept_at:
            return
        self._swept_at = settled + self._policy.lateness
        for customer_id, shown in list(self._shown.items()):
            left = {contact_id: preview for contact_id, preview in shown.items() if preview.at >= settled}
            if left:
                self._shown[customer_id] = left
            else:
                del self._shown[customer_id]
        self._told = {nudge_id: nudge for nudge_id, nudge in self._told.items() if nudge.at >= settled}


def _arrival(preview: Preview) -> tuple[Millis, str]:
    return preview.contact.arrived_at, preview.contact.contact_id


def _copy(journey: Journey | None) -> Journey:
    if journey is None:
        return Journey()
    return Journey(
        [Held(held.contact, held.judgement, held.kept) for held in journey.contacts],
        list(journey.signs),
        list(journey.nudges),
    )
