"""When to nudge: what of a customer's journey calls for action while the customer is still there.

Pure functions of a journey at some moment. What is decided is remembered in the journey, so that a problem is told of
under one nudge for as long as that is open.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from streams.domain.events import NudgeAction
from streams.domain.journey import Change, Journey
from streams.domain.nudges import Earlier, Nudge, Nudged, NudgeKind, Watch
from streams.domain.policy import Policy
from streams.domain.problem import Problem
from streams.domain.units import Millis

REPEATS: Final = frozenset(("open", "retry", "recontact"))
"""Evidence by which failure demand is a customer who comes again, rather than one who should not have had to come."""

_MOST_EARLIER: Final = 10


class Decided(NamedTuple):
    """What becomes of an occasion to nudge: what is remembered of it, and what is told, if anybody is."""

    nudged: Nudged
    told: Nudge | None


def repeats(journey: Journey, changed: Iterable[Change], at: Millis, policy: Policy) -> Iterator[Nudge]:
    """Yield the nudges that contacts call for which have turned out to be repeats: one by one, to be decided between.

    A contact is nudged for once, and only while it is open and fresh enough to act on.
    """
    for change in changed:
        if change.after is None:
            continue
        contact, judgement = change.after
        demand = judgement.demand
        if demand is None or demand.evidence not in REPEATS or contact.ends:
            continue
        is_fresh = at - contact.arrived_at <= policy.nudging.expiry
        if is_fresh and not any(of.contact_id == contact.contact_id and of.kind == "repeat" for of in journey.nudges):
            index = journey.index_of(contact.contact_id)
            if index is not None:
                yield _nudge(journey, index, "repeat", at, policy)


def waiting(journey: Journey, contact_id: str, at: Millis, policy: Policy) -> Nudge | None:
    """Return the nudge that a repeat calls for which still waits in its queue: what :func:`waiting_watch` is for."""
    index = journey.index_of(contact_id)
    if index is None:
        return None
    nudge = _nudge(journey, index, "waiting", at, policy)
    return nudge._replace(since=nudge.contact.arrived_at)


def promise(journey: Journey, contact_id: str, at: Millis, policy: Policy) -> Nudge | None:
    """Return the nudge that a problem calls for which was opened by a contact and is not at rest in time."""
    first = journey.index_of(contact_id)
    within = _promised(journey, first, policy)
    if first is None or within is None:
        return None
    grouping = journey.grouping(policy)
    problem = grouping.problem_of[first]
    members = problem.members if problem is not None else [first]
    still_open = [member for member in members if member >= first and grouping.lives[member].rests_at > at]
    if not still_open:
        return None
    opened_at = journey.contacts[first].contact.arrived_at
    nudge = _nudge(journey, still_open[-1], "promise", at, policy)
    return nudge._replace(nudge_id=f"promise:{contact_id}", since=opened_at, due_at=opened_at + within)


def promise_watch(journey: Journey, contact_id: str, policy: Policy) -> Watch | None:
    """Return the time to look whether a problem is at rest; ``None`` unless the contact opened it and it should be."""
    index = journey.index_of(contact_id)
    within = _promised(journey, index, policy)
    if index is None or within is None:
        return None
    contact = journey.contacts[index].contact
    return Watch(
        contact.arrived_at + round(within * policy.nudging.warn_at), "promise", contact_id, contact.customer_id
    )


def waiting_watch(journey: Journey, contact_id: str, policy: Policy) -> Watch | None:
    """Return the time to look whether a repeat still waits; ``None`` unless it was nudged before that and waits."""
    index = journey.index_of(contact_id)
    if index is None:
        return None
    contact = journey.contacts[index].contact
    due = contact.arrived_at + policy.nudging.waiting * policy.threshold_of(contact.arrived[0])
    for one in journey.nudges:
        if one.contact_id == contact_id and one.kind == "repeat" and not one.taken and one.at < due:
            return Watch(due, "waiting", contact_id, contact.customer_id)
    return None


def decide(journey: Journey, nudge: Nudge, policy: Policy, admits: Callable[[Nudge], bool]) -> Decided:
    """Decide what becomes of a nudge, and have the journey remember it.

    Kept back in quiet hours; else told under the id of the problem's open nudge, if there is one; else kept back where
    ``admits`` says that the team has had enough.
    """
    open_nudge = _open_nudge(journey, nudge, policy)
    contact = nudge.contact
    nudged = Nudged(
        nudge.nudge_id, nudge.kind, contact.contact_id, nudge.at, nudge.expires_at, contact.arrived, "issued"
    )
    if policy.nudging.quiet is not None and nudge.at in policy.nudging.quiet:
        nudged = nudged._replace(fate="quiet")
    elif open_nudge is not None:
        nudged = nudged._replace(nudge_id=open_nudge.nudge_id, fate="grouped", response=open_nudge.response)
    elif not admits(nudge):
        nudged = nudged._replace(fate="limited")
    journey.nudges.append(nudged)
    return Decided(nudged, nudge._replace(nudge_id=nudged.nudge_id) if nudged.is_told else None)


def answer(journey: Journey, nudge_id: str, action: NudgeAction, at: Millis) -> list[tuple[Nudged, Nudged]]:
    """Have the journey remember an answer; return what it remembers otherwise than before, before and after."""
    changed = []
    for index, one in enumerate(journey.nudges):
        after = one.answered(action, at) if one.nudge_id == nudge_id else one
        if after is not one:
            journey.nudges[index] = after
            changed.append((one, after))
    return changed


def take(journey: Journey, contact_id: str) -> bool:
    """Have the journey remember that a contact waits no longer; say whether that was worth noting."""
    noted = False
    for index, one in enumerate(journey.nudges):
        if one.contact_id == contact_id and not one.taken:
            journey.nudges[index], noted = one._replace(taken=True), True
    return noted


def withdraw(journey: Journey, contact_id: str) -> list[Nudged]:
    """Have the journey forget what a contact was nudged for that is another customer's, and return it.

    With it goes what was told under the same nudge, or under a nudge named after the contact: answers to that are for
    the other customer now.
    """
    told = {one.nudge_id for one in journey.nudges if one.contact_id == contact_id and one.fate == "issued"}
    gone, left = list[Nudged](), list[Nudged]()
    for one in journey.nudges:
        goes = one.contact_id == contact_id or one.nudge_id in told or one.named_after == contact_id
        (gone if goes else left).append(one)
    journey.nudges = left
    return gone


def _promised(journey: Journey, index: int | None, policy: Policy) -> Millis | None:
    """Return how soon a problem should be at rest; ``None`` where nothing is promised, or the contact opened none."""
    if index is None:
        return None
    held = journey.contacts[index]
    demand = held.judgement.demand if held.judgement is not None else None
    if demand is None or demand.link != "first":
        return None
    return policy.nudging.resolve_within.get(held.contact.arrived[0])


def _nudge(journey: Journey, index: int, kind: NudgeKind, at: Millis, policy: Policy) -> Nudge:
    held = journey.contacts[index]
    contact = held.contact
    demand = held.judgement.demand if held.judgement is not None else None
    problem = journey.grouping(policy).problem_of[index]
    members = [member for member in problem.members if member < index] if problem is not None else []
    origin = journey.index_of(demand.origin_id) if demand is not None and demand.origin_id is not None else None
    if origin is not None and origin not in members:  # a retry may have been about something else
        members.append(origin)
    forgotten = problem.carry.chains[-1] if problem is not None and problem.carry is not None else None
    before = [journey.contacts[member].contact for member in sorted(members)]
    return Nudge(
        f"{kind}:{contact.contact_id}",
        kind,
        at,
        at + policy.nudging.expiry,
        contact,
        demand.evidence if demand is not None else "none",
        1 + len(before) + (forgotten.contacts if forgotten is not None else 0),
        sum(one.effort for one in before) + (forgotten.effort if forgotten is not None else 0),
        tuple(
            Earlier(
                one.contact_id,
                one.arrived_at,
                one.ended_at,
                one.ended or one.arrived,
                one.reason_label,
                one.abandoned,
                one.claimed_resolved,
            )
            for one in before[::-1][:_MOST_EARLIER]
        ),
    )


def _open_nudge(journey: Journey, nudge: Nudge, policy: Policy) -> Nudged | None:
    """Return what was told of the same problem, is not over, and still waits for somebody to act on it."""
    problem = _problem_of(journey, nudge.contact.contact_id, policy)
    for one in reversed(journey.nudges):
        if one.is_told and not one.is_settled and one.expires_at > nudge.at:
            same = problem is not None and problem is _problem_of(journey, one.contact_id, policy)
            if same or one.contact_id == nudge.contact.contact_id:
                return one
    return None


def _problem_of(journey: Journey, contact_id: str, policy: Policy) -> Problem | None:
    index = journey.index_of(contact_id)
    return None if index is None else journey.grouping(policy).problem_of[index]
