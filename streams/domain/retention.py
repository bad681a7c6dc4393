"""Forgetting: what can no longer change a verdict is let go, and a customer never holds more than the policy allows.

What has not matured yet still will: maturities stand apart from the journey (see ``account.Maturing``). Forgetting
takes away only what could have changed them.
"""

from math import inf

from streams.domain.journey import Held, Journey
from streams.domain.policy import Policy
from streams.domain.problem import Carry, Chain, Grouping, Life, Problem
from streams.domain.units import Millis

_WORTH_IT = 8
"""Contacts of one customer up to which forgetting some of them early is not worth the work."""


def expires_at(journey: Journey, policy: Policy) -> Millis:
    """Return the time from which nothing that is held of a customer matters any more."""
    latest = (journey.signs[-1].at if journey.signs else 0) + policy.memory
    for life in journey.grouping(policy).lives:
        latest = max(latest, _matters_until(life, policy))
    return latest + 1


def _matters_until(life: Life, policy: Policy) -> Millis:
    if life.rests_at == inf:
        return life.opened_at + policy.open_contact_expiry
    return int(life.rests_at) + policy.memory


def is_expired(journey: Journey, now: Millis, policy: Policy) -> bool:
    """Say whether nothing that is held of a customer matters any more."""
    contacts = journey.contacts
    since = now - contacts[-1].contact.arrived_at if contacts else now
    if contacts and since <= policy.longest_window and since <= policy.open_contact_expiry:
        return False  # there is no need to look at them all
    return expires_at(journey, policy) <= now


def forget(journey: Journey, now: Millis, policy: Policy) -> int:
    """Forget what has expired, and beyond the cap what is worth least; return how many contacts went early."""
    contacts = journey.contacts
    if len(contacts) <= _WORTH_IT and len(journey.signs) <= _WORTH_IT:
        return 0
    grouping = journey.grouping(policy)
    dropped = {index for index, life in enumerate(grouping.lives) if _matters_until(life, policy) < now}
    surplus = len(contacts) - len(dropped) - policy.contacts_per_customer
    if surplus > 0:
        remaining = (index for index in range(len(contacts)) if index not in dropped)
        dropped.update(sorted(remaining, key=lambda index: _worth(contacts[index], grouping.lives[index]))[:surplus])
    if dropped:
        for index in _concerned(dropped, grouping, policy):
            contacts[index].kept = contacts[index].settled
        for problem in grouping.problems:
            _carry_over(problem, grouping, dropped, journey, policy)
        journey.contacts = [held for index, held in enumerate(contacts) if index not in dropped]
        gone = {contacts[index].contact.contact_id for index in dropped}
        journey.nudges = [nudged for nudged in journey.nudges if nudged.contact_id not in gone]
        journey.regroup()
    _forget_signs(journey, now, policy)
    return max(surplus, 0)


def _concerned(dropped: set[int], grouping: Grouping, policy: Policy) -> set[int]:
    """Return the contacts whose demand or recurrence may rest on one that goes: it must be kept as it was judged."""
    lives, concerned = grouping.lives, set[int]()
    for index in dropped:
        problem, matters_until = grouping.problem_of[index], lives[index].rests_at + policy.longest_window
        others = {index + 1, *(problem.members if problem is not None else ())} - dropped
        concerned.update(
            other for other in others if other < len(lives) and lives[other].contact.arrived_at <= matters_until
        )
    return concerned


def _worth(held: Held, life: Life) -> tuple[bool, float]:
    """Return what is lost with a contact: little once its customer is back, whose newer contact takes its part."""
    is_last = held.judgement is None or held.judgement.recontacted is None
    return (is_last, life.rests_at)


def _carry_over(problem: Problem, grouping: Grouping, dropped: set[int], journey: Journey, policy: Policy) -> None:
    """Have the first remaining contact of a problem keep what matters of those that go."""
    heir = next((member for member in problem.members if member not in dropped), None)
    if heir is None or len(dropped.intersection(problem.members)) == 0:
        return
    held = journey.contacts[heir]
    held.kept = held.kept._replace(carry=_carry(problem, grouping, dropped, policy))


def _carry(problem: Problem, grouping: Grouping, dropped: set[int], policy: Policy) -> Carry:
    before = problem.carry
    chains: list[Chain | None] = list(before.chains) if before else [None] * len(policy.windows)
    cases = dict.fromkeys(before.cases if before else ())
    reasons = dict.fromkeys(before.reasons if before else ())
    rest: float = before.rest if before else -inf
    last_rest: float = rest
    for member in problem.members:
        life = grouping.lives[member]
        contact = life.contact
        goes = member in dropped
        for w, window in enumerate(policy.windows):
            chain = chains[w] if rest + window.length >= contact.arrived_at else None
            if goes:
                chain = chain or Chain(0, contact.arrived_at, 0)
                chain = Chain(chain.contacts + 1, chain.started_at, chain.effort + contact.effort)
            chains[w] = chain
        rest = max(rest, life.rests_at)
        if not goes:
            continue
        # An open contact goes only when a customer has more than the cap: its end will not be known here.
        last_rest = max(last_rest, contact.arrived_at if life.rests_at == inf else life.rests_at)
        if life.case_id is not None:
            cases[life.case_id] = None
        if contact.reason is not None:
            reasons[contact.reason, contact.product] = None
    return Carry(tuple(cases), tuple(reasons), tuple(chains), int(last_rest))


def _forget_signs(journey: Journey, now: Millis, policy: Policy) -> None:
    earliest = now - policy.memory
    if journey.contacts:
        earliest = min(earliest, journey.contacts[0].contact.arrived_at)
    signs = [sign for sign in journey.signs if sign.at >= earliest][-policy.events_per_contact :]
    if len(signs) < len(journey.signs):
        journey.signs = signs
        journey.regroup()
