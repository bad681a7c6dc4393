"""What a judged contact adds to the ledger, as entries that can be compared with those of an earlier judgement.

Three parts, each counted when it becomes known: the arrival (demand), the end (with what has gone wrong since), and
what *matures*: verdicts when their window has passed, problems when they have come to rest for that long.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from streams.domain import measures as m
from streams.domain.arrivals import demand_entries
from streams.domain.closing import Closing
from streams.domain.cohort import AGE_BOUNDS, age_bucket
from streams.domain.contact import Contact
from streams.domain.judgement import Judgement
from streams.domain.ledger import TOTALS, Additions, CountEntry, Histogram, Labels, hour_of
from streams.domain.nudges import Nudged, Response
from streams.domain.policy import Policy
from streams.domain.units import HOUR, Millis
from streams.domain.verdicts import Verdict


class Maturity(NamedTuple):
    """What will have become certain of a contact at ``due``, unless new facts change it before."""

    due: Millis
    window: str
    verdict: Verdict | None
    closing: Closing | None


class Maturing(NamedTuple):
    """What a contact is still to add to the ledger as time passes: enough to do it without its customer's journey."""

    contact_id: str
    customer_id: str
    ended: Labels
    reason: str
    handled: str
    claims: tuple[str, ...]
    response: Response
    maturities: tuple[Maturity, ...]

    @property
    def due(self) -> Millis:
        """When the first of it is due."""
        return self.maturities[0].due

    @property
    def timer_id(self) -> str:
        """What tells it from all others due at the same time."""
        return self.contact_id

    def split(self, at: Millis) -> tuple["Maturing | None", "Maturing | None"]:
        """Return what is due before a time and what comes later, each ``None`` where there is nothing."""
        maturities = self.maturities
        if not maturities or maturities[0].due >= at:
            return None, self if maturities else None
        if maturities[-1].due < at:
            return self, None
        count = bisect_left(maturities, (at,))
        about = self[:-1]  # put together again by position: _replace takes twice as long
        return Maturing(*about, maturities[:count]), Maturing(*about, maturities[count:])


def arrives_alike(before: tuple[Contact, Judgement], after: tuple[Contact, Judgement]) -> bool:
    """Say whether an arrival counts what it counted before: :func:`arrival_entries` says what that rests on."""
    (was, judged), (now, judgement) = before, after
    return (
        judgement.demand == judged.demand
        and judgement.linkable == judged.linkable
        and now.arrived == was.arrived
        and now.arrived_at == was.arrived_at
        and now.reason_label == was.reason_label
    )


def arrival_entries(contact: Contact, judgement: Judgement) -> list[CountEntry]:
    """Return what an arrival counts, nothing while its demand is undecided."""
    demand = judgement.demand
    if demand is None:
        return []
    reason = contact.reason_label
    entries = demand_entries(contact.arrived_at, contact.arrived, reason, demand.demand, demand.evidence, demand.origin)
    if judgement.linkable:
        entries.append((TOTALS, m.LINKED, (*contact.arrived, demand.link), 1))
    return entries


def end_entries(contact: Contact, judgement: Judgement, policy: Policy) -> list[CountEntry]:
    """Return what an ended contact counts at once: that it ended, what it cost, and each failure seen so far."""
    if not contact.ends:
        return []
    place, ended_at = contact.ended, contact.ends[0]
    handled = contact.handled_label
    entries = list(_cost_entries(contact, judgement, policy))
    hour = hour_of(ended_at)
    if not judgement.linkable:
        entries.append((TOTALS, m.UNLINKABLE, (*place, handled, "no_key"), 1))
        entries.append((hour, m.COHORT_UNLINKABLE, (*place, handled), 1))
        return entries
    entries.append((TOTALS, m.ENDED, (*place, contact.reason_label, handled), 1))
    entries.append((hour, m.COHORT_ENDED, (*place, handled), 1))
    if judgement.response:
        entries.append((hour, m.NUDGED_ENDED, (*place, handled, judgement.response), 1))
    if judgement.recurred_at is not None or judgement.exited is not None:
        entries += _failure_entries(contact, judgement, policy, handled)
    return entries


def _cost_entries(contact: Contact, judgement: Judgement, policy: Policy) -> Iterable[CountEntry]:
    if not contact.handle:
        return
    place, handle = contact.ended, contact.handle
    cost = handle * policy.rate_of(place[1], place[2]) // HOUR
    if cost:
        yield TOTALS, m.HANDLE_COST, (*place, policy.currency), cost
    if judgement.demand is not None and judgement.demand.demand == "failure":
        about = (*place, contact.reason_label, policy.cost_category_of(contact.reason))
        yield TOTALS, m.FAILURE_HANDLE_TIME, about, handle
        if cost:
            yield TOTALS, m.FAILURE_COST, (*about, policy.currency), cost


def _failure_entries(contact: Contact, judgement: Judgement, policy: Policy, handled: str) -> list[CountEntry]:
    place, ended_at = contact.ended, contact.ends[0]
    entries: list[CountEntry] = []
    evidence = (
        ("recontact", judgement.recontacted),
        ("reopened", judgement.reopened),
        ("denied", judgement.denied),
    )
    for window in policy.windows:
        deadline = ended_at + window.length
        verdict = judgement.verdict_at(deadline)
        if verdict == "recurred":
            entries.append((TOTALS, m.RECURRED, (*place, contact.reason_label, handled, window.name), 1))
            for by, seen in evidence:
                if seen is not None and seen.at <= deadline:
                    entries.append((TOTALS, m.RECURRENCES, (*place, handled, window.name, by), 1))
        elif verdict == "exited":
            entries.append((TOTALS, m.EXITED, (*place, contact.reason_label, handled, window.name), 1))
    recurred_at = judgement.recurred_at
    exited_at = judgement.exited.at if judgement.exited is not None else None
    if recurred_at is not None and (exited_at is None or recurred_at <= exited_at):
        entries += _first_failure(m.COHORT_RECURRED, contact, judgement.response, recurred_at)
        if recurred_at - ended_at <= AGE_BOUNDS[-1]:
            entries += _observation(m.RECURRENCE_DELAY, (*place, handled), recurred_at - ended_at)
    elif exited_at is not None:
        entries += _first_failure(m.COHORT_EXITED, contact, judgement.response, exited_at)
    return entries


def _first_failure(cohort: str, contact: Contact, response: Response, failed_at: Millis) -> Iterable[CountEntry]:
    """Return the first failure of a contact by its age: in the hour of its end, and in the hour in which it failed."""
    ended_at = contact.ends[0]
    if failed_at - ended_at <= AGE_BOUNDS[-1]:
        whose, bucket = (*contact.ended, contact.handled_label), str(age_bucket(failed_at - ended_at))
        yield hour_of(ended_at), cohort, (*whose, bucket), 1
        yield hour_of(failed_at), m.FAILING, (*whose, bucket), 1
        if response:
            yield hour_of(ended_at), m.NUDGED_FAILED, (*whose, response, bucket), 1
            yield hour_of(failed_at), m.NUDGED_FAILING, (*whose, response, bucket), 1


def maturing(contact: Contact, judgement: Judgement, policy: Policy) -> Maturing | None:
    """Return what will mature of a contact as things stand; ``None`` while it is open or cannot be linked."""
    if not contact.ends or not judgement.linkable:
        return None
    ended_at = contact.ends[0]
    maturities = []
    for window, closing in zip(policy.windows, judgement.closings, strict=True):
        due = ended_at + window.length
        verdict = judgement.verdict_at(due)
        if closing is None or closing.due == due:
            maturities.append(Maturity(due, window.name, verdict, closing))
        else:
            maturities.append(Maturity(due, window.name, verdict, None))
            maturities.append(Maturity(closing.due, window.name, None, closing))
    if len(maturities) > len(policy.windows):  # else they are in the order of the windows
        maturities.sort(key=_due)
    return Maturing(
        contact.contact_id,
        contact.customer_id,
        contact.ended,
        contact.reason_label,
        contact.handled_label,
        claims_of(contact),
        judgement.response,
        tuple(maturities),
    )


def _due(maturity: Maturity) -> Millis:
    return maturity.due


def claims_of(contact: Contact) -> tuple[str, ...]:
    """Return what the output measures say in favour of a handled contact, to be held against its verdict."""
    claims: list[str] = []
    if contact.abandoned:
        return ()
    if contact.claimed_resolved:
        claims.append("resolved")
    if contact.sla_met is not None:
        claims.append("sla_met" if contact.sla_met else "sla_missed")
    if contact.in_threshold:
        claims.append("in_threshold")
    return tuple(claims)


def matured_entries(of: Maturing) -> list[CountEntry]:
    """Return what all the maturities of a contact count."""
    entries: list[CountEntry] = []
    place = of.ended
    for _, window, verdict, closing in of.maturities:
        if verdict is not None:
            entries.append((TOTALS, m.MATURED, (*place, of.reason, of.handled, window, verdict), 1))
            entries += [(TOTALS, m.CLAIMS, (*place, window, claim, verdict), 1) for claim in of.claims]
            if of.response:
                entries.append((TOTALS, m.NUDGED, (*place, of.handled, window, of.response, verdict), 1))
        if closing is not None:
            at = (*place, window)
            entries.append((TOTALS, m.PROBLEMS, (*place, of.handled, window, closing.verdict), 1))
            entries += _observation(m.PROBLEM_CONTACTS, at, closing.contacts)
            entries += _observation(m.PROBLEM_DURATION, at, closing.duration)
            entries += _observation(m.PROBLEM_EFFORT, at, closing.effort)
    return entries


def nudge_entries(nudged: Nudged) -> list[CountEntry]:
    """Return what an occasion to nudge counts, and the answer to what was told of it."""
    about = (*nudged.place, nudged.kind)
    entries: list[CountEntry] = [(TOTALS, m.NUDGES, (*about, nudged.fate), 1)]
    if nudged.fate == "issued" and nudged.response is not None:
        entries.append((TOTALS, m.NUDGES_ANSWERED, (*about, nudged.response), 1))
        if nudged.responded_at is not None and nudged.response == "acted":
            entries += _observation(m.NUDGE_DELAY, about, max(nudged.responded_at - nudged.at, 0))
    return entries


def _observation(histogram: Histogram, labels: Labels, value: int) -> Iterable[CountEntry]:
    return (
        (TOTALS, histogram.name, (*labels, histogram.bucket(value)), 1),
        (TOTALS, histogram.sum_name, labels, value),
    )


def publish(before: Sequence[CountEntry], after: Sequence[CountEntry], to: Additions) -> None:
    """Add what is new in ``after`` and retract what is gone from ``before``."""
    if before == after:
        return
    if not before:
        to.count_all(after)
        return
    difference: dict[tuple[int, str, Labels], int] = {}
    for hour, name, labels, n in after:
        key = (hour, name, labels)
        difference[key] = difference.get(key, 0) + n
    for hour, name, labels, n in before:
        key = (hour, name, labels)
        difference[key] = difference.get(key, 0) - n
    to.count_all((*key, n) for key, n in difference.items())
