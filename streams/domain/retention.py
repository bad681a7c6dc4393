"""Forgetting: what can no longer change a verdict is let go, and a customer never holds more than the policy allows.

What has not matured yet still will: maturities stand apart from the journey (see ``account.Maturing``). Forgetting
takes away only what could have changed them.
"""

from math import inf

from streams.domain.closing import Chains
from streams.domain.journey import Journey
from streams.domain.judgement import Kept
from streams.domain.policy import Policy
from streams.domain.problem import Carry, Grouping, Life, Problem, group
from streams.domain.units import Millis

_WORTH_IT = 8
"""Contacts of one customer up to which forgetting some of them early is not worth the work."""


def expires_at(journey: Journey, policy: Policy) -> Millis:
    """Return the time from which nothing that is held of a customer matters any more."""
    latest = max((sign.at for sign in journey.signs), default=0) + policy.longest_window
    for held in journey.contacts:
        contact = held.contact
        if contact.ends:
            latest = max(latest, contact.ends[-1] + policy.longest_window)
        else:
            latest = max(latest, contact.arrived_at + policy.open_contact_expiry)
    return latest + 1


def is_expired(journey: Journey, now: Millis, policy: Policy) -> bool:
    """Say whether nothing that is held of a customer matters any more."""
    contacts = journey.contacts
    if contacts and now - contacts[-1].contact.arrived_at <= policy.longest_window:
        return False
    return expires_at(journey, policy) <= now


def forget(journey: Journey, now: Millis, policy: Policy) -> int:
    """Forget expired contacts and signs, and the oldest beyond the cap; return how many went before their time."""
    contacts = journey.contacts
    if len(contacts) <= _WORTH_IT and len(journey.signs) <= _WORTH_IT:
        return 0
    grouping = group(
        [held.contact for held in contacts], journey.signs, policy, [held.kept.carry for held in contacts]
    )
    dropped = {
        index for index, life in enumerate(grouping.lives) if life.rests_at + policy.longest_window < now
    }
    dropped = _only_prefixes(dropped, grouping)
    surplus = len(contacts) - len(dropped) - policy.contacts_per_customer
    if surplus > 0:
        oldest = [index for index in range(len(contacts)) if index not in dropped][:surplus]
        dropped.update(oldest)
    if dropped:
        for held in contacts:
            if held.judgement is not None:
                held.kept = Kept(held.judgement.demand, held.kept.carry)
        for problem in grouping.problems:
            _carry_over(problem, grouping, dropped, journey, policy)
        journey.contacts = [held for index, held in enumerate(contacts) if index not in dropped]
    _forget_signs(journey, now, policy)
    return max(surplus, 0)


def _only_prefixes(dropped: set[int], grouping: Grouping) -> set[int]:
    """Keep a contact as long as an earlier one of its problem is kept, whose verdict may rest on it."""
    kept: set[int] = set()
    for problem in grouping.problems:
        first_kept = next((i for i, member in enumerate(problem.members) if member not in dropped), None)
        if first_kept is not None:
            kept.update(problem.members[first_kept:])
    return dropped - kept


def _carry_over(
    problem: Problem, grouping: Grouping, dropped: set[int], journey: Journey, policy: Policy
) -> None:
    gone = [grouping.lives[member] for member in problem.members if member in dropped]
    heir = next((member for member in problem.members if member not in dropped), None)
    if heir is None or not gone:
        return
    held = journey.contacts[heir]
    held.kept = Kept(held.kept.demand, _carry(problem, gone, grouping, policy))


def _carry(problem: Problem, gone: list[Life], grouping: Grouping, policy: Policy) -> Carry:
    chains = Chains(problem, policy)
    rest = chains.rest
    cases = dict.fromkeys(problem.carry.cases if problem.carry else ())
    reasons = dict.fromkeys(problem.carry.reasons if problem.carry else ())
    for place, life in enumerate(gone):
        for w in chains.broken_by(life.contact.arrived_at, rest):
            chains.begin(w, place)
        rest = max(rest, life.rests_at)
        if life.case_id is not None:
            cases[life.case_id] = None
        if life.contact.reason is not None:
            reasons[life.contact.reason, life.contact.product] = None
    of = tuple(chains.of(w, len(gone), grouping.lives) for w in range(len(policy.windows)))
    # An open contact can go only when a customer has more than the cap: its end will not be known here.
    rests_at = int(rest) if rest != inf else gone[-1].contact.arrived_at
    return Carry(tuple(cases), tuple(reasons), of, rests_at)


def _forget_signs(journey: Journey, now: Millis, policy: Policy) -> None:
    earliest = now - policy.longest_window
    if journey.contacts:
        earliest = min(earliest, journey.contacts[0].contact.arrived_at)
    journey.signs = [sign for sign in journey.signs if sign.at >= earliest][-policy.events_per_contact :]
