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
    nothing = [None] * len(policy.windows)

    def close(last: int, w: int, chain: Chain, rest: float) -> None:
        if last >= 0:
            closing = _closing(chain, int(rest), policy.windows[w].length, lives[last], signs)
            closings.setdefault(last, list(nothing))[w] = closing

    chains, rest, last = begin(problem, policy)
    for member in problem.members:
        life = lives[member]
        for w, window in enumerate(policy.windows):
            chain = chains[w]
            if chain is not None and rest + window.length < life.contact.arrived_at:
                close(last, w, chain, rest)
                chain = None
            chains[w] = extend(chain, life)
        if life.rests_at >= rest:
            rest, last = life.rests_at, member
    if rest != inf:
        for w, chain in enumerate(chains):
            if chain is not None:
                close(last, w, chain, rest)
    return closings


def begin(problem: Problem, policy: Policy) -> tuple[list[Chain | None], float, int]:
    """Return the chains by window, the rest and the last contact with which a problem's remaining contacts begin."""
    if problem.carry is None:
        return [None] * len(policy.windows), -inf, -1
    return list(problem.carry.chains), problem.carry.rest, -1


def extend(chain: Chain | None, life: Life) -> Chain:
    """Return a chain with one more contact, or a new one that begins with it."""
    contact = life.contact
    if chain is None:
        return Chain(1, contact.arrived_at, contact.effort)
    return Chain(chain.contacts + 1, chain.started_at, chain.effort + contact.effort)


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
