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

    @property
    def opened_at(self) -> Millis:
        """When it was opened last: at its arrival, or by a reopening."""
        return self.reopens[-1] if self.reopens else self.contact.arrived_at

    def rested_since(self, at: Millis) -> Millis | None:
        """Return since when it was at rest at a time after its arrival, whatever came later; ``None`` if it was open.

        At the very instant of an end it is still open.
        """
        ends = self.ends
        if not ends or ends[0] >= at:
            return None
        ended = ends[0] if len(ends) == 1 else max(end for end in ends if end < at)
        if self.reopens and any(ended <= reopened <= at for reopened in self.reopens):
            return None
        return ended


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
        life = _life(contact, signs, policy)
        self.lives.append(life)
        case_id, reason = life.case_id, contact.reason
        about = (reason, contact.product) if reason is not None else None
        at = contact.arrived_at
        problem: Problem | None = None
        link: Link = "first"
        if case_id is not None:
            problem, link = self._alive(self._by_case.get(case_id), at), "case"
        if problem is None and about is not None:
            problem, link = self._alive(self._by_reason.get(about), at), "reason"
        if problem is None and policy.link_by_identity and self.problems:
            problem, link = self._alive(self.problems[-1], at), "identity"
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

    def is_loose_end(self, index: int) -> bool:
        """Say whether a contact is the last one and had no key to tie it by: what it belongs to matters to no other."""
        return index == len(self.lives) - 1 and self.problem_of[index] is None

    def add_again(self, contact: Contact, signs: Sequence[Sign], carry: Carry | None) -> None:
        """Take a loose end again, now that there may be a key to tie it by."""
        for by_contact in (self.lives, self.problem_of, self.links):
            by_contact.pop()
        self.add(contact, signs, carry)

    def end(self, index: int, contact: Contact, signs: Sequence[Sign]) -> None:
        """Take a new end of a contact, which must not be before any arrival so far: it changes no problem then."""
        self.lives[index] = _life(contact, signs, self.policy)

    def _alive(self, problem: Problem | None, at: Millis) -> Problem | None:
        """Return a problem unless all its contacts had been at rest for longer than the longest window at a time."""
        if problem is not None:
            for member in reversed(problem.members):
                rested_since = self.lives[member].rested_since(at)
                if rested_since is None or rested_since >= at - self.policy.longest_window:
                    return problem
        return None


def _life(contact: Contact, signs: Sequence[Sign], policy: Policy) -> Life:
    ends = contact.ends
    if not signs:
        return Life(contact, contact.case_id, ends, ends[-1] if ends else inf)
    case_id = contact.case_id
    if case_id is None:
        about = (sign for sign in signs if sign.kind == "opened" and sign.contact_id == contact.contact_id)
        case_id = next((sign.case_id for sign in about if sign.case_id is not None), None)
    if not ends:
        return Life(contact, case_id, ends, inf)
    all_ends, reopens = list(ends), list[Millis]()
    for sign in signs:
        if sign.kind not in ("reopened", "resolved") or sign.at < ends[0] or not sign.concerns(contact, case_id):
            continue
        if sign.kind == "resolved":
            if reopens:
                all_ends.append(sign.at)
            continue
        ended = max(end for end in all_ends if end <= sign.at)
        is_open = bool(reopens) and reopens[-1] >= ended
        if is_open or sign.at - ended <= policy.longest_window:  # else its problem was over, and may be forgotten
            reopens.append(sign.at)
    all_ends.sort()
    at_rest = not reopens or reopens[-1] < all_ends[-1]
    return Life(contact, case_id, all_ends, all_ends[-1] if at_rest else inf, reopens)
