"""Problems: which contacts of a customer are about the same issue, and when each of them was open."""

from collections.abc import Sequence
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Grouping:
    """The problems of one customer, made contact by contact in order of arrival; ``links`` are by contact, too.

    A contact joins the problem of its case, else of its reason and product, else (where the policy says so) the
    customer's last one, provided that it has not been at rest for longer than the longest window; else it begins one.
    """

    policy: Policy
    lives: list[Life] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    problem_of: list[Problem | None] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    _by_case: dict[str, Problem] = field(default_factory=dict)
    _by_reason: dict[tuple[str, str | None], Problem] = field(default_factory=dict)

    def add(self, contact: Contact, signs: Sequence[Sign], carry: Carry | None) -> None:
        """Take the next contact, with what was kept of those forgotten if it is the first left of its problem."""
        index, policy = len(self.lives), self.policy
        life = _life(contact, signs)
        self.lives.append(life)
        case_id, reason = life.case_id, contact.reason
        about = (reason, contact.product) if reason is not None else None
        earliest = contact.arrived_at - policy.longest_window
        problem: Problem | None = None
        link: Link = "first"
        if case_id is not None:
            problem, link = self._alive(self._by_case.get(case_id), earliest), "case"
        if problem is None and about is not None:
            problem, link = self._alive(self._by_reason.get(about), earliest), "reason"
        if problem is None and policy.link_by_identity and self.problems:
            problem, link = self._alive(self.problems[-1], earliest), "identity"
        if problem is None and (case_id is not None or about is not None or policy.link_by_identity):
            problem, link = Problem([], carry), "first"
            self.problems.append(problem)
            if carry is not None:
                self._by_case.update(dict.fromkeys(carry.cases, problem))
                self._by_reason.update(dict.fromkeys(carry.reasons, problem))
        self.problem_of.append(problem)
        self.links.append(link if problem is not None else "none")
        if problem is None:
            return
        problem.members.append(index)
        if case_id is not None:
            self._by_case[case_id] = problem
        if about is not None:
            self._by_reason[about] = problem

    def end(self, index: int, contact: Contact, signs: Sequence[Sign]) -> None:
        """Take a new end of a contact, which must be after every arrival so far: it changes no problem then."""
        self.lives[index] = _life(contact, signs)

    def _alive(self, problem: Problem | None, earliest: Millis) -> Problem | None:
        """Return a problem unless all its contacts had come to rest before a time."""
        if problem is not None:
            for member in reversed(problem.members):
                if self.lives[member].rests_at >= earliest:
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
