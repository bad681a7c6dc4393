"""What became of each contact of a customer: its demand, the problem it belongs to, and what tells of its outcome.

:func:`judge` is a pure function of the facts, whatever the order they became known in. That is what makes late facts
harmless: judge again, and publish what differs.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from streams.domain.closing import Closing, closings_of
from streams.domain.contact import Contact
from streams.domain.ledger import Labels
from streams.domain.nudges import Response
from streams.domain.policy import UNKNOWN, Policy
from streams.domain.problem import Carry, Grouping, Life, Link, Problem
from streams.domain.signs import Sign
from streams.domain.units import Millis
from streams.domain.verdicts import Verdict

Evidence: TypeAlias = Literal["open", "retry", "recontact", "reason", "none"]

NOWHERE: Labels = (UNKNOWN, UNKNOWN, UNKNOWN)


class Demand(NamedTuple):
    """Why the customer came: known at arrival, and never censored. The origin is whom a failure is charged to."""

    demand: str
    evidence: Evidence
    link: Link
    origin_id: str | None = None
    origin: Labels = NOWHERE


class Seen(NamedTuple):
    """The first time that something happened after a contact's end, and the contact or event that shows it."""

    at: Millis
    ref: str


_UNSEEN: Final = (None, None, None, None, None)


class Judgement(NamedTuple):
    """All that can be said of a contact from the facts known.

    ``closings``, by window, are there where it is a problem's last; ``response`` is how it was answered, if it was
    nudged for.
    """

    linkable: bool
    demand: Demand | None
    recontacted: Seen | None = None
    reopened: Seen | None = None
    denied: Seen | None = None
    exited: Seen | None = None
    confirmed: Seen | None = None
    closings: tuple[Closing | None, ...] = ()
    response: Response = ""

    @property
    def seen(self) -> tuple[Seen | None, ...]:
        """What was seen of it: recontact, reopening, denial, exit and confirmation."""
        return self[2:7]

    @property
    def recurred_at(self) -> Millis | None:
        """When failure demand first recurred, by any evidence."""
        first: Millis | None = None
        for seen in (self.recontacted, self.reopened, self.denied):
            if seen is not None and (first is None or seen.at < first):
                first = seen.at
        return first

    def verdict_at(self, deadline: Millis) -> Verdict:
        """Return the verdict that holds once ``deadline`` (first end plus window) has passed."""
        if self.seen == _UNSEEN:
            return "resolved"
        recurred_at = self.recurred_at
        if recurred_at is not None and recurred_at <= deadline:
            return "recurred"
        if self.exited is not None and self.exited.at <= deadline:
            return "exited"
        if self.confirmed is not None and self.confirmed.at <= deadline:
            return "confirmed"
        return "resolved"


class Kept(NamedTuple):
    """What is settled of a contact, whatever is still told of others, and what its problem keeps of forgotten ones."""

    demand: Demand | None = None
    carry: Carry | None = None
    recontacted: Seen | None = None


NOTHING_KEPT = Kept()


def judge(
    grouping: Grouping, signs: Sequence[Sign], kept: Callable[[int], Kept], about: int | None = None
) -> Iterator[tuple[int, Judgement]]:
    """Judge the contacts of one customer, which are in order of arrival and id; the signs are in order of time.

    Args:
        grouping: the contacts and their problems.
        signs: what else is known of the customer.
        kept: by contact, what is settled already.
        about: the only contact that is new or has a new end, if that is all that is new: then only those that this
            can matter to are judged, which are the members of its problem and whoever came right after it.

    Returns:
        The index of each contact that was judged, with its judgement.
    """
    policy, lives, problem_of = grouping.policy, grouping.lives, grouping.problem_of
    indices: Sequence[int] = range(len(lives))
    problems: Sequence[Problem | None] = grouping.problems
    if about is not None:
        its_problem, after = problem_of[about], about + 1
        indices, problems = its_problem.members if its_problem is not None else [about], [its_problem]
        if after < len(lives) and problem_of[after] is not its_problem:
            indices, problems = [*indices, after], [its_problem, problem_of[after]]
    closings: dict[int, list[Closing | None]] = {}
    for problem in problems:
        if problem is not None:
            closings.update(closings_of(problem, lives, signs, policy))
    nothing = (None,) * len(policy.windows)
    for index in indices:
        life, its_problem = lives[index], problem_of[index]
        settled = kept(index)
        demand = settled.demand or _demand(index, lives, its_problem, grouping.links[index], policy)
        if not life.ends:
            yield index, Judgement(its_problem is not None, demand)
            continue
        recontacted = settled.recontacted
        if recontacted is None and its_problem is not None:
            recontacted = _recontacted(index, lives, its_problem)
        reopened, denied, exited, confirmed = _seen(life, signs) if signs else (None, None, None, None)
        closing = tuple(closings[index]) if index in closings else nothing
        yield (
            index,
            Judgement(its_problem is not None, demand, recontacted, reopened, denied, exited, confirmed, closing),
        )


def judge_stranger(contact: Contact, policy: Policy) -> Judgement:
    """Judge a contact of nobody we know: nothing can be linked to it, and only its reason tells why it came."""
    return Judgement(linkable=False, demand=_by_reason(contact, "none", policy))


def _demand(index: int, lives: Sequence[Life], problem: Problem | None, link: Link, policy: Policy) -> Demand | None:
    """Return the demand of a contact with the first evidence that holds, ``None`` while there is nothing to link by."""
    life = lives[index]
    contact, at = life.contact, life.contact.arrived_at
    if problem is None and not life.ends:
        return None
    last_ended: Life | None = None
    last_end = at - policy.longest_window - 1
    for member in reversed(problem.members) if problem is not None else ():
        if member >= index:
            continue
        other = lives[member]
        rested_since = other.rested_since(at)
        if rested_since is None:
            return Demand("failure", "open", link, other.contact.contact_id, other.contact.arrived)
        if rested_since > last_end:
            last_ended, last_end = other, rested_since
    if index > 0:
        last = lives[index - 1].contact
        if last.abandoned and 0 <= at - last.ends[0] <= policy.retry_within:
            return Demand("failure", "retry", link, last.contact_id, last.ended)
    if last_ended is not None:
        return Demand("failure", "recontact", link, last_ended.contact.contact_id, last_ended.contact.ended)
    return _by_reason(contact, link, policy)


def _by_reason(contact: Contact, link: Link, policy: Policy) -> Demand:
    demand, evidence = policy.demand_of(contact.reason, contact.demand)
    return Demand(demand, evidence, link)


def _recontacted(index: int, lives: Sequence[Life], problem: Problem) -> Seen | None:
    ended_at = lives[index].ends[0]
    for member in problem.members:
        if member > index:
            contact = lives[member].contact
            if contact.arrived_at > ended_at:
                return Seen(contact.arrived_at, contact.contact_id)
    return None


def _seen(life: Life, signs: Sequence[Sign]) -> tuple[Seen | None, Seen | None, Seen | None, Seen | None]:
    """Return the first reopening, denial, exit and confirmation that count for a contact."""
    ended_at = life.ends[0]
    first: dict[str, Seen] = {}
    for sign in signs:
        kind = sign.kind
        if kind in ("opened", "resolved") or kind in first:
            continue
        after = life.contact.arrived_at - 1 if kind == "confirmed" else ended_at
        if sign.at > after and sign.concerns(life.contact, life.case_id):
            first[kind] = Seen(sign.at, sign.event_id)
    return first.get("reopened"), first.get("denied"), first.get("exited"), first.get("confirmed")
