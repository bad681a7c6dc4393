"""The alarms processor: nudges whoever causes a spike of failure demand, and follows what is done about it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeGuard

from streams.domain import account, outcomes
from streams.domain import measures as m
from streams.domain.events import TYPE_OF, ActionTaken, DemandSpiked, Event
from streams.domain.labels import LabelBudget
from streams.domain.ledger import SLOT
from streams.domain.nudges import Nudged, SpikeNudge
from streams.domain.policy import UNKNOWN, Policy
from streams.domain.units import DAY, Millis
from streams.domain.watermark import Release
from streams.processors.changes import Changes, Rejected, States

_REMEMBERED = 31 * DAY
_AT_MOST = 100
"""How many events are kept at most of one queue and reason, to know them again."""


SPIKE_EVENTS: frozenset[type] = frozenset((DemandSpiked, ActionTaken))


def is_of_spike(event: Event) -> TypeGuard[DemandSpiked | ActionTaken]:
    """Say whether an event is a spike or an answer to the nudge of one."""
    return isinstance(event, DemandSpiked | ActionTaken) and event.spike_key is not None


@dataclass(slots=True)
class Alarm:
    """What is remembered of the spikes of one queue and reason: events that were taken, and the newest nudge."""

    known: list[str] = field(default_factory=list)
    reason: str = UNKNOWN
    nudged: Nudged | None = None


class Alarms:
    """State: by queue and reason, what was told of its spikes."""

    name = "alarms"

    def __init__(self, policy: Policy, labels: LabelBudget) -> None:
        self.policy = policy
        self.labels = labels

    def keys(self, events: Iterable[Event]) -> set[str]:
        """Return the keys whose state a batch touches."""
        return {event.spike_key or "" for event in events if type(event) in SPIKE_EVENTS and is_of_spike(event)}

    def expires_at(self, alarm: Alarm) -> Millis:
        """Return the time from which a spike need not be remembered."""
        return (alarm.nudged.at if alarm.nudged is not None else 0) + _REMEMBERED

    def take(
        self, event: DemandSpiked | ActionTaken, release: Release, states: States[Alarm], changes: Changes
    ) -> None:
        """Take an event of a release."""
        key = event.spike_key or ""
        alarm = states.get(key)
        if alarm is None or self.expires_at(alarm) <= (release.watermark if release.late else event.occurred_at):
            alarm = Alarm()
        if event.event_id in alarm.known:
            changes.additions.count(m.DUPLICATES, (TYPE_OF[type(event)],))
            return
        if isinstance(event, DemandSpiked):
            self._tell(event, alarm, changes)
        elif not self._answer(event, alarm, changes):
            detail = f"no nudge {event.nudge_id!r} is remembered; it was never issued, or a newer one took its place"
            changes.rejected.append(Rejected(event, "unknown_nudge", detail))
            return
        alarm.known = [*alarm.known, event.event_id][-_AT_MOST:]
        states.put(key, alarm)

    def _tell(self, event: DemandSpiked, alarm: Alarm, changes: Changes) -> None:
        nudging, at, before = self.policy.nudging, event.occurred_at, alarm.nudged
        queue = self.labels.admit("queue", event.queue)
        team = self.labels.admit("team", self.policy.queue_team.get(event.queue))
        nudge_id = f"spike:{event.spike_key}#{at // SLOT}"
        nudged = Nudged(nudge_id, "spike", "", at, at + nudging.expiry, (queue, team, UNKNOWN), "issued")
        alarm.reason = self.labels.admit("reason", event.reason)
        if nudging.quiet is not None and at in nudging.quiet:
            nudged = nudged._replace(fate="quiet")
        elif before is not None and before.is_told and not before.is_settled and before.expires_at > at:
            nudged = nudged._replace(nudge_id=before.nudge_id, fate="grouped")
        account.publish((), account.nudge_entries(nudged), changes.additions)
        if nudged.fate == "quiet" and before is not None and before.is_told:
            return  # what was told can still be answered
        if nudged.fate == "grouped" and before is not None:
            nudged = before._replace(expires_at=max(before.expires_at, nudged.expires_at))
        alarm.nudged = nudged
        if nudged.is_told:
            told = SpikeNudge(
                nudged.nudge_id,
                at,
                nudged.expires_at,
                nudged.place,
                alarm.reason,
                event.since,
                event.contacts,
                event.expected,
            )
            changes.nudges.append(told)

    def _answer(self, action: ActionTaken, alarm: Alarm, changes: Changes) -> bool:
        """Note an answer and count it; say whether there was such a nudge."""
        before = alarm.nudged
        if before is None or before.nudge_id != action.nudge_id:
            return False
        alarm.nudged = after = before.answered(action.action, action.occurred_at)
        account.publish(account.nudge_entries(before), account.nudge_entries(after), changes.additions)
        told = outcomes.NudgeResponded(action.occurred_at, action, before.place, alarm.reason)
        changes.outcomes.append(told)
        return True
