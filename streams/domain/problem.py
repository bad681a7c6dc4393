"""Problems: which contacts of a customer are about the same issue, and when each of them was open."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal, NamedTuple, TypeAlias

from streams.domain.contact import Contact
from streams.domain.policy import Policy
from streams.domain.signs import Sign
from streams.domain.units import Millis

Link: TypeAlias = Literal["case", "reason", "identity", "first", "none"]
"""What ties a contact to its problem: ``first`` begins one, ``none`` has no key to tie it by."""


class Chain(NamedTuple):
    """The contacts of a problem so far, as one window sees it."""

    contacts: int
    started_at: Millis
    effort: Millis


class Carry(NamedTuple):
    """What a problem keeps of contacts that were forgotten: its keys, and its chain in each window."""

    cases: tuple[str, ...]
    reasons: tuple[tuple[str, str | None], ...]
    chains: tuple[Chain | None, ...]
    rest: Millis


@dataclass(slots=True)
class Life:
    """When a contact was open: from its arrival to its first end, and again from each reopening to the next end.

    ``rests_at`` is when it last came to rest, infinity while it is open.
    """

    contact: Contact
    case_id: str | None
    ends: Sequence[Millis]
    rests_at: float
    reopens: Sequence[Millis] = ()

    def open_at(self, at: Millis) -> bool:
        """Say whether it is open at a time after its arrival; at the very instant of an end it still is."""
        if not self.ends or self.ends[0] >= at:
            return True
        if not self.reopens:
            return False
        ended = self.last_end_before(at)
        return any(ended <= reopened <= at for reopened in self.reopens)

    def last_end_before(self, at: Millis) -> Millis:
        """Return its last end before a time at which it is not open."""
        ends = self.ends
        return ends[0] if len(ends) == 1 else max(end for end in ends if end < at)


@dataclass(slots=True)
class Problem:
    """Contacts of one customer about one issue, by their index among the customer's contacts, in order."""

    members: list[int]
    carry: Carry | None = None


class Grouping(NamedTuple):
    """The problems of one customer; ``problem_of`` and ``links`` are by contact."""

    lives: list[Life]
    problems: list[Problem]
    problem_of: list[Problem | None]
    links: list[Link]


def group(
    contacts: Sequence[Contact], signs: Sequence[Sign], policy: Policy, carries: Sequence[Carry | None]
) -> Grouping:
    """Put the contacts of one customer, in order of arrival, together into problems.

    A contact joins the problem of its case, else of its reason and product, else (where the policy says so) the
    customer's last one, provided that it has not been at rest for longer than the longest window; else it begins one.
    ``carries`` holds, at the first remaining contact of a problem, what was kept of those forgotten.
    """
    lives = [_life(contact, signs) for contact in contacts]
    grouping = Grouping(lives, [], [], [])
    by_case: dict[str, Problem] = {}
    by_reason: dict[tuple[str, str | None], Problem] = {}
    for index, life in enumerate(lives):
        contact, case_id = life.contact, life.case_id
        about = (contact.reason, contact.product) if contact.reason is not None else None
        earliest = contact.arrived_at - policy.longest_window
        problem: Problem | None = None
        link: Link = "first"
        if case_id is not None:
            problem, link = _alive(by_case.get(case_id), lives, earliest), "case"
        if problem is None and about is not None:
            problem, link = _alive(by_reason.get(about), lives, earliest), "reason"
        if problem is None and policy.link_by_identity and grouping.problems:
            problem, link = _alive(grouping.problems[-1], lives, earliest), "identity"
        if problem is None and (case_id is not None or about is not None or policy.link_by_identity):
            carry = carries[index]
            problem, link = Problem([], carry), "first"
            grouping.problems.append(problem)
            if carry is not None:
                by_case.update(dict.fromkeys(carry.cases, problem))
                by_reason.update(dict.fromkeys(carry.reasons, problem))
        grouping.problem_of.append(problem)
        grouping.links.append(link if problem is not None else "none")
        if problem is None:
            continue
        problem.members.append(index)
        if case_id is not None:
            by_case[case_id] = problem
        if about is not None:
            by_reason[about] = problem
    return grouping


def _alive(problem: Problem | None, lives: Sequence[Life], earliest: Millis) -> Problem | None:
    """Return a problem unless all its contacts had come to rest before a time."""
    if problem is not None:
        for member in reversed(problem.members):
            if lives[member].rests_at >= earliest:
                return problem
    return None


def _life(contact: Contact, signs: Sequence[Sign]) -> Life:
    ends = contact.ends
    if not signs:
        return Life(contact, contact.case_id, ends, ends[-1] if ends else inf)
    case_id, all_ends, reopens = contact.case_id, list(ends), list[Millis]()
    for sign in signs:
        if sign.kind == "opened":
            if case_id is None and sign.contact_id == contact.contact_id:
                case_id = sign.case_id
        elif sign.kind == "reopened":
            if ends and sign.at >= ends[0] and sign.concerns(contact, case_id):
                reopens.append(sign.at)
        elif sign.kind == "resolved" and reopens and sign.concerns(contact, case_id):
            all_ends.append(sign.at)
    all_ends.sort()
    at_rest = all_ends and not (reopens and reopens[-1] >= all_ends[-1])
    return Life(contact, case_id, all_ends, all_ends[-1] if at_rest else inf, reopens)
