"""Nudges ahead of time: what is about to be decided, told as soon as it is read.

What is counted waits until everything that could have happened before it is known. A nudge can't: the customer is on
the line. So contacts are shown here as soon as their events are read, and the nudge that they call for as things stand
is told as *provisional*. It has the id that the settled one will have. Nothing of it is kept and nothing is counted: a
restart may lose one, and then the settled one follows all the same.
"""

from bisect import insort
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import attrgetter
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
        self._shown: dict[str, list[Preview]] = {}
        self._told: dict[str, Nudge] = {}
        self._swept_at: Millis = 0

    def take(self, previews: Sequence[Preview], settled: Millis, journeys: States[Journey]) -> list[Nudge]:
        """Take what is shown, and return what it calls for. The journeys must be those of their customers.

        Args:
            previews: contacts as they have become known.
            settled: the time before which everything has been decided.
            journeys: as they were decided; they are left as they are.
        """
        self._sweep(settled)
        customers = dict.fromkeys(preview.contact.customer_id for preview in previews if preview.at >= settled)
        for preview in previews:
            if preview.at >= settled:
                shown = self._shown.setdefault(preview.contact.customer_id, [])
                insort(shown, preview, key=attrgetter("at"))
        return [nudge for customer_id in customers for nudge in self._look(customer_id, journeys.get(customer_id))]

    def _look(self, customer_id: str, settled: Journey | None) -> Iterator[Nudge]:
        """Go on with a copy of a journey as if what was shown were settled; yield what is news in that."""
        journey = _copy(settled)
        for at, contact in self._shown[customer_id]:
            changed = journey.tell(contact, self._policy, new=True)
            for nudge in nudging.repeats(journey, changed, at, self._policy):
                decided = nudging.decide(journey, nudge, self._policy, self._admits)
                if decided.told is not None and nudge.nudge_id not in self._told:
                    self._told[nudge.nudge_id] = nudge
                    yield decided.told._replace(provisional=True)

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
            left = [preview for preview in shown if preview.at >= settled]
            if left:
                self._shown[customer_id] = left
            else:
                del self._shown[customer_id]
        self._told = {nudge_id: nudge for nudge_id, nudge in self._told.items() if nudge.at >= settled}


def _copy(journey: Journey | None) -> Journey:
    if journey is None:
        return Journey()
    return Journey(
        [Held(held.contact, held.judgement, held.kept) for held in journey.contacts],
        list(journey.signs),
        list(journey.nudges),
    )
