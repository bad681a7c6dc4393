"""The journeys processor: joins contacts to problems, and publishes what becomes of them."""

from collections.abc import Iterable

from streams.domain import account, outcomes
from streams.domain import measures as m
from streams.domain.account import Maturing
from streams.domain.contact import Contact
from streams.domain.events import TYPE_OF
from streams.domain.journey import Change, Journey
from streams.domain.judgement import Judgement
from streams.domain.ledger import Exemplar
from streams.domain.policy import Policy
from streams.domain.retention import expires_at, forget, is_expired
from streams.domain.signs import sign_of
from streams.domain.units import Millis
from streams.processors.changes import Changes, Rejected, Work
from streams.processors.facts import ContactKnown, ContactWithdrawn, Fact

_SEEN = ("recontact", "reopened", "denied", "exited", "confirmed")
"""What the parts of :attr:`Judgement.seen` are called in the outcomes topic."""

_NOTHING = (None,) * len(_SEEN)


class Journeys:
    """State: by customer id, the customer's journey. Timers: what matures of each contact."""

    name = "journeys"

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def keys(self, facts: Iterable[Fact]) -> set[str]:
        """Return the keys whose state a batch touches."""
        return {fact.customer_id for fact in facts}

    def process(self, facts: Iterable[Fact], watermark: Millis, work: Work[Journey], *, late: bool = False) -> None:
        """Take facts in the order of their time, or one that is late; then let mature what is due by the watermark."""
        for fact in facts:
            now = watermark if late else fact.occurred_at
            self._mature(now, work)
            self._take(fact, now, work, late=late)
        self._mature(watermark, work)

    def expires_at(self, journey: Journey) -> Millis:
        """Return the time from which nothing of a customer need be remembered."""
        return expires_at(journey, self.policy)

    def _take(self, fact: Fact, now: Millis, work: Work[Journey], *, late: bool) -> None:
        changes = work.changes
        policy, customer_id = self.policy, fact.customer_id
        journey = work.states.get(customer_id)
        if journey is None or is_expired(journey, now, policy):
            if not isinstance(fact, ContactKnown | ContactWithdrawn) and fact.occurred_at < now - policy.longest_window:
                detail = "older than the longest window, its customer forgotten; replay history first, in order of time"
                changes.rejected.append(Rejected(fact, "expired", detail))
                return
            journey = Journey()
        if isinstance(fact, ContactKnown):
            changed = journey.tell(fact.contact, policy, new=fact.new, late=late)
        elif isinstance(fact, ContactWithdrawn):
            changed = journey.withdraw(fact.contact_id, policy)
        else:
            signed = journey.sign(sign_of(fact), policy)
            if signed is None:
                changes.additions.count(m.DUPLICATES, (TYPE_OF[type(fact)],))
                return
            changed = signed
        for change in changed:
            self._publish(change, fact.occurred_at, now, work)
        forgotten = forget(journey, now, policy)
        if forgotten:
            changes.additions.count(m.EVICTED, (), forgotten)
        work.states.put(customer_id, journey)

    def _mature(self, before: Millis, work: Work[Journey]) -> None:
        for matured in work.timers.fire(before):
            account.publish((), account.matured_entries(matured), work.changes.additions)
            for maturity in matured.maturities:
                work.changes.outcomes.append(outcomes.VerdictReached(maturity.due, matured, maturity))

    def _publish(self, change: Change, at: Millis, now: Millis, work: Work[Journey]) -> None:
        before, after, to = change.before, change.after, work.changes.additions
        if before is None or after is None or not account.arrives_alike(before, after):
            account.publish(
                account.arrival_entries(*before) if before else (), account.arrival_entries(*after) if after else (), to
            )
        if (before is not None and before[0].ends) or (after is not None and after[0].ends):
            policy = self.policy
            account.publish(
                account.end_entries(*before, policy) if before else (),
                account.end_entries(*after, policy) if after else (),
                to,
            )
            was = account.maturing(*before, policy) if before else None
            will = account.maturing(*after, policy) if after else None
            _reschedule(was, will, at, now, work)
        if after is not None:
            _say(before, after, at, self.policy, work.changes)


def _reschedule(was: Maturing | None, will: Maturing | None, at: Millis, now: Millis, work: Work[Journey]) -> None:
    """Restate what has matured already, and wait anew for what has not."""
    told, waiting = was.split(now) if was else (None, None)
    true, pending = will.split(now) if will else (None, None)
    if told != true:
        account.publish(
            account.matured_entries(told) if told else (),
            account.matured_entries(true) if true else (),
            work.changes.additions,
        )
        if true is not None:
            _restate(told, true, at, work.changes)
    if waiting != pending:
        if waiting is not None:
            work.timers.clear(waiting)
        if pending is not None:
            work.timers.set(pending)


def _restate(told: Maturing | None, true: Maturing, at: Millis, changes: Changes) -> None:
    said = {maturity.window: maturity.verdict for maturity in told.maturities if maturity.verdict} if told else {}
    for maturity in true.maturities:
        earlier = said.get(maturity.window)
        if maturity.verdict is None or maturity.verdict == earlier:
            continue
        changes.outcomes.append(outcomes.VerdictReached(max(at, maturity.due), true, maturity, earlier))
        if earlier is not None:
            changes.additions.count(m.RESTATEMENTS, (maturity.window,))


def _say(
    before: tuple[Contact, Judgement] | None,
    after: tuple[Contact, Judgement],
    at: Millis,
    policy: Policy,
    changes: Changes,
) -> None:
    """Put on record what became known of a contact: its demand, and each sign of its outcome."""
    contact, judgement = after
    earlier = before[1] if before else None
    if judgement.demand is not None and (earlier is None or judgement.demand != earlier.demand):
        restated = earlier.demand if earlier else None
        changes.outcomes.append(outcomes.DemandClassified(at, contact, judgement.demand, restated))
    if not contact.ends:
        return
    if not judgement.linkable:
        if before is None or not before[0].ends:
            changes.outcomes.append(outcomes.ContactUnlinkable(at, contact))
        return
    ended_at = contact.ends[0]
    seen_by, known_by = judgement.seen, earlier.seen if earlier else _NOTHING
    if seen_by == known_by:
        return
    for by, seen, known in zip(_SEEN, seen_by, known_by, strict=True):
        if seen is None or seen == known:
            continue
        windows = tuple(window.name for window in policy.windows if seen.at <= ended_at + window.length)
        if windows:
            changes.outcomes.append(outcomes.OutcomeSeen(at, contact, by, seen, windows))
            if by == "recontact":
                age = seen.at - ended_at
                exemplar = Exemplar(contact.contact_id, age, seen.at)
                changes.additions.exemplify(m.RECURRENCE_DELAY, (*contact.ended, contact.handled_label), exemplar)
