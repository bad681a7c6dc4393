"""Nudges as facts come and time passes: what is told, what is counted, and when to look again."""

from collections.abc import Iterable

from streams.domain import account, nudging, outcomes
from streams.domain.events import ActionTaken
from streams.domain.journey import Change, Journey
from streams.domain.nudges import Nudge, Watch
from streams.domain.policy import Policy
from streams.domain.throttle import Throttle
from streams.domain.units import Millis
from streams.processors.changes import Changes, Rejected, Work
from streams.processors.facts import ContactKnown

_OCCASIONS = {"waiting": nudging.waiting, "promise": nudging.promise}


class Nudger:
    """Nudges by the journeys of customers. Its own state is how much each team was sent."""

    def __init__(self, policy: Policy, throttle: Throttle) -> None:
        self._policy = policy
        self._throttle = throttle

    def look(
        self, fact: ContactKnown, journey: Journey, changed: Iterable[Change], now: Millis, work: Work[Journey]
    ) -> None:
        """Nudge for the repeats among what has changed, and wait for what may come of them, or of a new problem."""
        told_of, policy = fact.contact.contact_id, self._policy
        for nudge in nudging.repeats(journey, changed, now, policy):
            self._decide(nudge, journey, work.changes)
            if nudge.contact.contact_id != told_of or fact.taken:  # whether others wait still is not known
                nudging.take(journey, nudge.contact.contact_id)
            watch = nudging.waiting_watch(journey, nudge.contact.contact_id, policy)
            if watch is not None:
                work.timers.set(watch)
        if fact.contact.ends:
            self.take(told_of, journey, now, work)
        elif fact.new:
            for watch in nudging.watches(told_of, journey, now, policy):
                work.timers.set(watch)

    def take(self, contact_id: str, journey: Journey, now: Millis, work: Work[Journey]) -> bool:
        """Note that a contact waits no longer; say whether that was worth noting."""
        if not any(one.contact_id == contact_id and not one.taken for one in journey.nudges):
            return False
        watch = nudging.waiting_watch(journey, contact_id, self._policy)
        if watch is not None and now <= watch.due:  # else it has been looked at
            work.timers.clear(watch)
        nudging.take(journey, contact_id)
        return True

    def watch(self, watch: Watch, work: Work[Journey]) -> None:
        """Look whether what was watched for has come true, and nudge if so."""
        journey = work.states.get(watch.customer_id)
        if journey is None:
            return  # forgotten since: it had more contacts than are kept
        nudge = _OCCASIONS[watch.kind](journey, watch.contact_id, watch.due, self._policy)
        if nudge is not None:
            self._decide(nudge, journey, work.changes)
            work.states.put(watch.customer_id, journey)

    def answer(self, action: ActionTaken, journey: Journey, changes: Changes) -> list[Change] | None:
        """Note an answer, count it, and return what it changes; ``None`` if there was no such nudge."""
        known = next((one for one in journey.nudges if one.nudge_id == action.nudge_id), None)
        if known is None:
            detail = f"no nudge {action.nudge_id!r} is remembered; it was never issued, or is long over"
            changes.rejected.append(Rejected(action, "unknown_nudge", detail))
            return None
        for before, after in nudging.answer(journey, action.nudge_id, action.action, action.occurred_at):
            account.publish(account.nudge_entries(before), account.nudge_entries(after), changes.additions)
        index = journey.index_of(known.contact_id)
        if index is not None:
            contact = journey.contacts[index].contact
            told = outcomes.NudgeResponded(action.occurred_at, action, known.place, contact.reason_label, contact)
            changes.outcomes.append(told)
        return journey.judge_again(self._policy)

    def withdraw(self, contact_id: str, journey: Journey, now: Millis, work: Work[Journey]) -> None:
        """Take back what was counted for a contact that turned out to be another customer's."""
        self.take(contact_id, journey, now, work)
        for watch in nudging.watches(contact_id, journey, now, self._policy):
            work.timers.clear(watch)
        for nudged in [one for one in journey.nudges if one.contact_id == contact_id]:
            account.publish(account.nudge_entries(nudged), (), work.changes.additions)
            journey.nudges.remove(nudged)

    def _decide(self, nudge: Nudge, journey: Journey, changes: Changes) -> None:
        nudged, told = nudging.decide(journey, nudge, self._policy, self._admits)
        account.publish((), account.nudge_entries(nudged), changes.additions)
        if nudged.fate == "issued":
            self._throttle.count(nudge.contact.arrived[1], nudge.contact.customer_id, nudge.at)
        if told is not None:
            changes.nudges.append(told)

    def _admits(self, nudge: Nudge) -> bool:
        return self._throttle.admits(nudge.contact.arrived[1], nudge.contact.customer_id, nudge.at)
