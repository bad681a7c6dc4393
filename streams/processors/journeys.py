"""The journeys processor: joins contacts to problems, and publishes what becomes of them."""

from collections.abc import Iterable

from streams.domain import account, nudging, outcomes
from streams.domain import measures as m
from streams.domain.account import Maturing
from streams.domain.events import TYPE_OF, CustomerEvent, Event
from streams.domain.journey import Change, Journey
from streams.domain.nudges import Watch
from streams.domain.policy import Policy
from streams.domain.retention import expires_at, forget, is_expired
from streams.domain.signs import sign_of
from streams.domain.throttle import Throttle
from streams.domain.units import Millis
from streams.processors.changes import Changes, Rejected, Work
from streams.processors.facts import ContactKnown, ContactTaken, ContactWithdrawn, Fact, NudgeAnswered, Telling
from streams.processors.nudger import Nudger
from streams.processors.telling import tell


class Journeys:
    """State: by customer id, the customer's journey. Timers: what matures of each contact, and when to look again."""

    name = "journeys"

    def __init__(self, policy: Policy, throttle: Throttle) -> None:
        self.policy = policy
        self._nudger = Nudger(policy, throttle)

    def keys(self, facts: Iterable[Fact]) -> set[str]:
        """Return the keys whose state a batch touches."""
        return {fact.customer_id for fact in facts}

    def process(self, facts: Iterable[Fact], watermark: Millis, work: Work[Journey], *, late: bool = False) -> None:
        """Take facts in the order of their time, or one that is late; then let come what is due by the watermark.

        The states must be those of :meth:`keys`, and those of :meth:`Timers.keys`.
        """
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
            if isinstance(fact, ContactTaken):
                return
            if not isinstance(fact, ContactKnown | ContactWithdrawn) and fact.occurred_at < now - policy.longest_window:
                detail = "older than the longest window, its customer forgotten; replay history first, in order of time"
                changes.rejected.append(Rejected(_event(fact), "expired", detail))
                return
            journey = Journey()
        if isinstance(fact, ContactTaken):
            if nudging.take(journey, fact.contact_id):
                work.states.put(customer_id, journey)
            return
        changed = self._tell(fact, journey, changes, late=late)
        if changed is None:
            return
        for change in changed:
            self._publish(change, fact.occurred_at, now, work)
        for change in self._nudger.look(fact, journey, changed, now, work):
            self._publish(change, fact.occurred_at, now, work)
        forgotten = forget(journey, now, policy)
        if forgotten:
            changes.additions.count(m.EVICTED, (), forgotten)
        work.states.put(customer_id, journey)

    def _tell(self, fact: Telling, journey: Journey, changes: Changes, *, late: bool) -> list[Change] | None:
        """Tell a journey of a fact; return what that changes, ``None`` if it is not one to be told."""
        policy = self.policy
        if isinstance(fact, ContactKnown):
            return journey.tell(fact.contact, policy, new=fact.new, late=late)
        if isinstance(fact, ContactWithdrawn):
            self._nudger.withdraw(fact, journey, changes)
            return journey.withdraw(fact.contact_id, policy)
        if isinstance(fact, NudgeAnswered):
            return self._nudger.answer(fact, journey, changes)
        signed = journey.sign(sign_of(fact), policy)
        if signed is None:
            changes.additions.count(m.DUPLICATES, (TYPE_OF[type(fact)],))
        return signed

    def _mature(self, before: Millis, work: Work[Journey]) -> None:
        for matured in work.timers.fire(before):
            if isinstance(matured, Watch):
                for change in self._nudger.watch(matured, work):
                    self._publish(change, matured.due, matured.due, work)
                continue
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
        tell(before, after, at, self.policy, work.changes)


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


def _event(fact: NudgeAnswered | CustomerEvent) -> Event:
    return fact.action if isinstance(fact, NudgeAnswered) else fact
