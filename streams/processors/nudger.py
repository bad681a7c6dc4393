"""Nudges as facts come and time passes: what is told, what is counted, and when to look again."""

from collections.abc import Iterable

from streams.domain import account, nudging, outcomes
from streams.domain import measures as m
from streams.domain.events import TYPE_OF, ActionTaken
from streams.domain.journey import Change, Journey
from streams.domain.nudges import Nudge, Watch
from streams.domain.policy import Policy
from streams.domain.retention import is_expired
from streams.domain.throttle import Throttle
from streams.domain.units import Millis
from streams.processors.changes import Changes, Rejected, Timers, Work
from streams.processors.facts import ContactKnown, ContactWithdrawn, NudgeAnswered, Telling

_OCCASIONS = {
    "waiting": (nudging.waiting_watch, nudging.waiting),
    "promise": (nudging.promise_watch, nudging.promise),
}
"""By the kind of a watch: when to look, and what is called for then."""


class Nudger:
    """Nudges by the journeys of customers. Its own state is how much each team was sent.

    A watch is never taken back: one that has become pointless finds nothing to tell of.
    """

    def __init__(self, policy: Policy, throttle: Throttle) -> None:
        self._policy = policy
        self._throttle = throttle

    def look(
        self, fact: Telling, journey: Journey, changed: Iterable[Change], now: Millis, work: Work[Journey]
    ) -> list[Change]:
        """Nudge for the repeats among what a fact has changed, and return what that changes.

        Wait for what may come of them, and of problems that are new.
        """
        known = fact if isinstance(fact, ContactKnown) else None
        waits = known.contact.contact_id if known is not None and not known.taken else None
        nudged = []
        for nudge in nudging.repeats(journey, changed, now, self._policy):
            contact_id = nudge.contact.contact_id
            nudged.append(contact_id)
            self._decide(nudge, journey, work.changes)
            if contact_id != waits:  # whether others wait still is not known
                nudging.take(journey, contact_id)
            _wait(nudging.waiting_watch(journey, contact_id, self._policy), now, work.timers)
        for change in changed:
            if change.after is not None and not change.after[0].ends:
                _wait(nudging.promise_watch(journey, change.after[0].contact_id, self._policy), now, work.timers)
        if known is not None and known.contact.ends:
            nudging.take(journey, known.contact.contact_id)
        return journey.note_responses(nudged)

    def watch(self, watch: Watch, work: Work[Journey]) -> list[Change]:
        """Look whether what was watched for has come true, nudge if so, and return what that changes."""
        journey, at, policy = work.states.get(watch.customer_id), watch.due, self._policy
        if journey is None or is_expired(journey, at, policy):
            return []  # it may also have had more contacts than are kept, so that this one is not held
        when, what = _OCCASIONS[watch.kind]
        again = when(journey, watch.contact_id, policy)
        if again is None or again.due > at:
            _wait(again, at, work.timers)  # it was set by other settings
            return []
        nudge = what(journey, watch.contact_id, at, policy)
        if nudge is None:
            return []
        self._decide(nudge, journey, work.changes)
        work.states.put(watch.customer_id, journey)
        return journey.note_responses([nudge.contact.contact_id])

    def answer(self, fact: NudgeAnswered, journey: Journey, changes: Changes) -> list[Change] | None:
        """Note an answer, count it, and return what it changes; ``None`` if it is of no use."""
        action = fact.action
        known = next((one for one in journey.nudges if one.nudge_id == action.nudge_id), None)
        if known is None:
            detail = f"no nudge {action.nudge_id!r} is remembered; it was never issued, or is long over"
            changes.rejected.append(Rejected(action, "unknown_nudge", detail))
            return None
        answered = nudging.answer(journey, action.nudge_id, action.action, action.occurred_at)
        if fact.again and not answered:
            changes.additions.count(m.DUPLICATES, (TYPE_OF[ActionTaken],))
            return None
        for before, after in answered:
            account.publish(account.nudge_entries(before), account.nudge_entries(after), changes.additions)
        index = journey.index_of(known.contact_id)
        if index is not None:
            contact = journey.contacts[index].contact
            told = outcomes.NudgeResponded(action.occurred_at, action, known.place, contact.reason_label, contact)
            changes.outcomes.append(told)
        return journey.note_responses(dict.fromkeys(after.contact_id for _, after in answered))

    def withdraw(self, fact: ContactWithdrawn, journey: Journey, changes: Changes) -> None:
        """Take back what was told and counted of the nudges of a contact that turned out to be another customer's."""
        gone = nudging.withdraw(journey, fact.contact_id)
        for nudged in gone:
            account.publish(account.nudge_entries(nudged), (), changes.additions)
        told = {(nudged.nudge_id, nudged.contact_id): nudged for nudged in gone if nudged.is_told}
        changes.outcomes += (
            outcomes.NudgeWithdrawn(fact.occurred_at, fact.customer_id, nudged) for nudged in told.values()
        )

    def _decide(self, nudge: Nudge, journey: Journey, changes: Changes) -> None:
        nudged, told = nudging.decide(journey, nudge, self._policy, self._admits)
        account.publish((), account.nudge_entries(nudged), changes.additions)
        if nudged.fate == "issued":
            self._throttle.count(nudge.contact.arrived[1], nudge.contact.customer_id, nudge.at)
        if told is not None:
            changes.nudges.append(told)

    def _admits(self, nudge: Nudge) -> bool:
        return self._throttle.admits(nudge.contact.arrived[1], nudge.contact.customer_id, nudge.at)


def _wait(watch: Watch | None, now: Millis, timers: Timers) -> None:
    """Wait for a time that is to come; to wait for it already makes no difference."""
    if watch is not None and watch.due > now:
        timers.set(watch)
