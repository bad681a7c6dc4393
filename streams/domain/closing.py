"""Where a problem came to rest: how many contacts, how long and how much effort it took until it did."""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from streams.domain.policy import Policy
from streams.domain.problem import Chain, Life, Problem
from streams.domain.signs import Sign
from streams.domain.units import Millis
from streams.domain.verdicts import Verdict


class Closing(NamedTuple):
    """A problem that came to rest, as one window sees it: no gap between its contacts was longer than the window."""

    due: Millis
    verdict: Verdict
    contacts: int
    duration: Millis
    effort: Millis


def closings_of(
    problem: Problem, lives: Sequence[Life], signs: Sequence[Sign], policy: Policy
) -> dict[int, list[Closing | None]]:
    """Return, by the contact that ended last before each rest, the closing in each window."""
    closings: dict[int, list[Closing | None]] = {}
    members = problem.members
    chains = Chains(problem, policy)
    rest, last = chains.rest, -1
    for place, member in enumerate(members):
        life = lives[member]
        for w in chains.broken_by(life.contact.arrived_at, rest):
            if last >= 0:
                chain = chains.of(w, place, lives)
                closing = _closing(chain, int(rest), policy.windows[w].length, lives[last], signs)
                closings.setdefault(last, [None] * len(policy.windows))[w] = closing
            chains.begin(w, place)
        if life.rests_at >= rest:
            rest, last = life.rests_at, member
    if rest != inf and last >= 0:
        whole = chains.of(0, len(members), lives)
        closings[last] = [
            _closing(
                whole if chains.alike(0, w) else chains.of(w, len(members), lives),
                int(rest),
                window.length,
                lives[last],
                signs,
            )
            for w, window in enumerate(policy.windows)
        ]
    return closings


class Chains:
    """Where, among a problem's contacts, the present chain of each window began."""

    def __init__(self, problem: Problem, policy: Policy) -> None:
        carry = problem.carry
        self.rest: float = carry.rest if carry else -inf
        self._problem = problem
        self._policy = policy
        self._starts = [0] * len(policy.windows)
        self._carried: list[Chain | None] = list(carry.chains) if carry else [None] * len(policy.windows)

    def broken_by(self, arrived_at: Millis, rest: float) -> list[int]:
        """Return the windows in which an arrival comes too long after the last rest to go on with the chain."""
        if rest >= arrived_at or rest == -inf:
            return []
        return [w for w, window in enumerate(self._policy.windows) if rest + window.length < arrived_at]

    def begin(self, w: int, place: int) -> None:
        """Begin a new chain with the contact at a place."""
        self._starts[w] = place
        self._carried[w] = None

    def alike(self, w: int, other: int) -> bool:
        """Say whether two windows see the same chain."""
        return self._starts[w] == self._starts[other] and self._carried[w] == self._carried[other]

    def of(self, w: int, end: int, lives: Sequence[Life]) -> Chain:
        """Return the chain of a window as it is before the contact at a place."""
        start, carried = self._starts[w], self._carried[w]
        members = self._problem.members
        effort = 0
        for member in members[start:end]:
            effort += lives[member].contact.effort
        started_at = lives[members[start]].contact.arrived_at
        if carried is None:
            return Chain(end - start, started_at, effort)
        return Chain(
            carried.contacts + end - start, min(carried.started_at, started_at), carried.effort + effort
        )


def _closing(
    chain: Chain, rest: Millis, length: Millis, life: Life, signs: Sequence[Sign]
) -> Closing | None:
    """Return how a chain of contacts ended, ``None`` where the customer denied it and nobody took it up again."""
    due = rest + length
    verdict: Verdict = "resolved"
    for sign in signs:
        if sign.at > due or not sign.concerns(life.contact, life.case_id):
            continue
        if sign.kind == "denied" and sign.at > rest:
            return None
        if sign.kind == "exited" and sign.at > rest:
            verdict = "exited"
        elif sign.kind == "confirmed" and verdict == "resolved" and sign.at >= life.contact.arrived_at:
            verdict = "confirmed"
    return Closing(due, verdict, chain.contacts, rest - chain.started_at, chain.effort)
