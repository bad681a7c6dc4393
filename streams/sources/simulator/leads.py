"""Team leads: which repeats they act on, and whether that spares the customer another contact."""

from dataclasses import dataclass, field
from typing import Final

from streams.domain import events as e
from streams.domain.units import HOUR, Millis
from streams.sources.simulator.draws import exponential
from streams.sources.simulator.people import Problem
from streams.sources.simulator.world import SOURCE, World

_APART: Final = HOUR
"""Nudges about a problem that come closer together than this are told as one: only the first is answered here."""


@dataclass(slots=True)
class Leads:
    """Answer nudges by chance alone, so that what acting does can be told from what is acted on."""

    world: World
    _nudged_at: dict[str, Millis] = field(default_factory=dict)

    def answer(self, problem: Problem, contact_id: str, at: Millis, to: list[e.Event]) -> bool:
        """Write how the nudge of a contact that arrives is answered, if it is; say whether somebody acts on it."""
        world, leads = self.world, self.world.plan.leads
        if not leads.acts and not leads.dismisses:
            return False
        first_of = f"{problem.customer.customer_id}/{problem.reason}"
        nudged_at = self._nudged_at.get(first_of)
        if problem.attempts == 1 or (nudged_at is not None and at - nudged_at < _APART):
            return False
        self._nudged_at[first_of] = at
        acts = world.chance(leads.acts)
        if not acts and not world.chance(leads.dismisses):
            return False
        answered_at = at + 1 + exponential(world.rng, leads.delay)
        action: e.NudgeAction = "acted" if acts else "dismissed"
        lead, note = f"lead of {problem.queue.team}", "called back" if acts else "known already"
        to.append(e.ActionTaken(world.event_id(), answered_at, SOURCE, f"repeat:{contact_id}", lead, action, note))
        return acts

    def failure_rate(self, rate: float, *, acted: bool) -> float:
        """Return the failure rate of a contact, by whether somebody acts on its nudge."""
        return rate * (1 - self.world.plan.leads.effect) if acted else rate
