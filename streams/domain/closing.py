"""Where a problem came to rest: how many contacts, how long and how much effort it took until it did."""

from collections.abc import Sequence
from math import inf
from typing import Final, NamedTuple

from streams.domain.policy import Policy
from streams.domain.problem import Chain, Life, Problem
from streams.domain.signs import Sign, SignKind
from streams.domain.units import Millis
from streams.domain.verdicts import Verdict

_TELLING: Final = frozenset[SignKind](("denied", "exited", "confirmed"))
"""The kinds of sign that tell how a problem ended."""


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
    windows, members, carry = policy.windows, problem.members, problem.carry
    # Where among the members the present chain of each window began, and what of it was forgotten.
    starts = [0] * len(windows)
    carried: list[Chain | None] = list(carry.chains) if carry is not None else [None] * len(windows)
    rest: float = carry.rest if carry is not None else inf
    last = -1
    for place, member in enumerate(members):
        life = lives[member]
        arrived_at = life.contact.arrived_at
        for w, window in enumerate(windows):
            if rest + window.length >= arrived_at:
                break  # the chains of the longer windows go on as well
            if last >= 0:
                chain = _chain(members[starts[w] : place], lives, carried[w])
                closing = _closing(chain, int(rest), window.length, lives[last], signs)
                closings.setdefault(last, [None] * len(windows))[w] = closing
            starts[w], carried[w] = place, None
        if life.rests_at >= rest or place == 0:
            rest = life.rests_at if carry is None or place > 0 else max(rest, life.rests_at)
            last = member
    if rest != inf and last >= 0:
        closing_of: list[Closing | None] = []
        chain = _chain(members[starts[0] :], lives, carried[0])
        for w, window in enumerate(windows):
            if starts[w] != starts[0] or carried[w] != carried[0]:
                chain = _chain(members[starts[w] :], lives, carried[w])
            closing_of.append(_closing(chain, int(rest), window.length, lives[last], signs))
        closings[last] = closing_of
    return closings


def _chain(members: Sequence[int], lives: Sequence[Life], carried: Chain | None) -> Chain:
    started_at, effort = lives[members[0]].contact.arrived_at, 0
    for member in members:
        effort += lives[member].contact.effort
    if carried is None:
        return Chain(len(members), started_at, effort)
    return Chain(carried.contacts + len(members), min(carried.started_at, started_at), carried.effort + effort)


def _closing(chain: Chain, rest: Millis, length: Millis, life: Life, signs: Sequence[Sign]) -> Closing | None:
    """Return how a chain of contacts ended, ``None`` where the customer denied it and nobody took it up again."""
    due = rest + length
    verdict: Verdict = "resolved"
    for sign in signs:
        if sign.kind not in _TELLING or sign.at > due or not sign.concerns(life.contact, life.case_id):
            continue
        if sign.kind == "denied" and sign.at > rest:
            return None
        if sign.kind == "exited" and sign.at > rest:
            verdict = "exited"
        elif sign.kind == "confirmed" and verdict == "resolved" and sign.at >= life.contact.arrived_at:
            verdict = "confirmed"
    return Closing(due, verdict, chain.contacts, rest - chain.started_at, chain.effort)
