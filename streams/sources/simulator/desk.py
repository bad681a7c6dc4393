"""Contacts from their offer to their end: who waits, who gives up, who answers, who passes on."""

from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from streams.domain import events as e
from streams.domain.units import Millis
from streams.sources.simulator.consequences import Consequences, Outcome
from streams.sources.simulator.draws import duration, exponential
from streams.sources.simulator.leads import Leads
from streams.sources.simulator.people import Problem
from streams.sources.simulator.plan import Queue
from streams.sources.simulator.staff import Agent, Roster
from streams.sources.simulator.truth import TruthRecord
from streams.sources.simulator.world import SOURCE, World


class Visit(NamedTuple):
    """One contact about a problem, and its events so far; who brings it, and about what, the log may learn later.

    ``acted`` says whether a team lead does something about it, because it is not the first.
    """

    contact_id: str
    problem: Problem
    customer_hidden: bool
    reason_later: bool
    acted: bool
    events: list[e.Event]


class End(NamedTuple):
    """When and where a contact ended, and what became of it."""

    at: Millis
    queue: Queue
    failure_rate: float
    outcome: Outcome


@dataclass(slots=True)
class Desk:
    """Takes contacts, at most ``limit``. The life of each is decided when it is offered, and written ahead of time."""

    world: World
    roster: Roster
    limit: int | None = None
    offered: int = 0
    last_end: Millis = field(init=False)
    _queues: dict[str, Queue] = field(init=False)
    _consequences: Consequences = field(init=False)
    _leads: Leads = field(init=False)

    def __post_init__(self) -> None:
        self.last_end = self.world.start
        self._queues = {queue.name: queue for queue in self.world.plan.queues}
        self._consequences = Consequences(self.world)
        self._leads = Leads(self.world)

    @property
    def full(self) -> bool:
        """Whether there have been as many contacts as there were to be."""
        return self.limit is not None and self.offered >= self.limit

    def come_back(self, problem: Problem, at: Millis) -> None:
        """Take the next contact about a problem that was not solved."""
        problem.customer.awaited -= 1
        self.take(problem, at)

    def take(self, problem: Problem, at: Millis) -> None:
        """Take a contact about a problem and log it whole, with its truth, unless there were enough already."""
        if self.full:
            return
        self.offered += 1
        problem.attempts += 1
        why, caused_by = problem.why, problem.last_contact
        queue = problem.queue
        visit = self._open(problem, at)
        rng = self.world.rng
        agent, answered_at = self.roster.first_free(queue.team, at + exponential(rng, queue.answer_delay))
        patience = exponential(rng, queue.patience) if queue.patience is not None else None
        handled = patience is None or answered_at <= at + patience
        end = self._serve(visit, answered_at, agent) if handled else self._abandon(visit, at + (patience or 0))
        problem.last_contact = visit.contact_id
        self.last_end = max(self.last_end, end.at)
        truth = TruthRecord(
            contact_id=visit.contact_id,
            customer_id=problem.customer.customer_id,
            queue=queue.name,
            team=queue.team,
            channel=problem.channel,
            reason=problem.reason,
            offered_at=at,
            ended_at=end.at,
            ended_queue=end.queue.name,
            ended_team=end.queue.team,
            handled=handled,
            demand=queue.reasons[problem.reason].demand if why == "new" else "failure",
            why=why,
            attempt=problem.attempts,
            caused_by=caused_by,
            solved=end.outcome.solved,
            failure_rate=end.failure_rate,
            next=end.outcome.next,
            next_at=end.outcome.next_at,
        )
        for event in visit.events:
            self.world.log.write(event, truth if isinstance(event, e.ContactOffered) else None)

    def _open(self, problem: Problem, at: Millis) -> Visit:
        world, customer, records = self.world, problem.customer, self.world.plan.records
        hidden = not customer.known or world.chance(world.plan.customers.identified_later)
        missing = world.chance(records.reason_missing)
        later = not missing and world.chance(records.reason_later)
        contact_id = f"{world.prefix}c{self.offered}"
        offer = e.ContactOffered(
            world.event_id(),
            at,
            SOURCE,
            contact_id,
            problem.channel,
            customer_id=None if hidden else customer.customer_id,
            queue=problem.queue.name,
            team=problem.queue.team,
            reason=None if missing or later else problem.reason,
            case_id=problem.case_id,
        )
        events: list[e.Event] = [offer]
        nudged = not (hidden or missing or later)  # else it is not known at once that it is a repeat
        acted = nudged and self._leads.answer(problem, contact_id, at, events)
        return Visit(contact_id, problem, hidden, later, acted, events)

    def _abandon(self, visit: Visit, at: Millis) -> End:
        problem = visit.problem
        visit.events.append(e.ContactAbandoned(self.world.event_id(), at, SOURCE, visit.contact_id))
        outcome = self._consequences.of_abandoning(problem, at, partial(self.come_back, problem))
        rate = self.world.plan.failure_rate(problem.queue, problem.reason, at)
        return End(at, problem.queue, rate, outcome)

    def _serve(self, visit: Visit, answered_at: Millis, agent: Agent | None) -> End:
        """Let agents handle a contact: talk and hold, perhaps with a transfer in between, then wrap up."""
        world, problem, events = self.world, visit.problem, visit.events
        rng, queue, style = world.rng, problem.queue, problem.queue.handling
        talk = duration(rng, style.talk, style.spread)
        hold = duration(rng, style.hold, style.spread) if world.chance(style.hold_share) else 0
        wrap = duration(rng, style.wrap, style.spread)
        if visit.customer_hidden and problem.customer.known:
            events.append(
                e.ContactIdentified(
                    world.event_id(), answered_at, SOURCE, visit.contact_id, problem.customer.customer_id
                )
            )
        self._answered(visit, queue, agent, answered_at)
        self._use_case(visit, answered_at)
        started_at, talked_until = answered_at, answered_at + talk + hold
        if world.chance(queue.transfer):
            passed_at = answered_at + int((talk + hold) * rng.uniform(0.2, 0.6))
            if agent is not None:
                self.roster.handle(agent, answered_at, passed_at)
            queue = self._queues[queue.transfer_to or ""]
            events.append(
                e.ContactTransferred(world.event_id(), passed_at, SOURCE, visit.contact_id, queue.name, queue.team)
            )
            agent, started_at = self.roster.first_free(queue.team, passed_at + exponential(rng, queue.answer_delay))
            self._answered(visit, queue, agent, started_at)
            talked_until += started_at - passed_at
        if visit.reason_later:
            learned = e.ContactUpdated(world.event_id(), talked_until, SOURCE, visit.contact_id, reason=problem.reason)
            events.append(learned)
        ended_at = talked_until + wrap
        if agent is not None:
            self.roster.handle(agent, started_at, ended_at)
        claimed = world.chance(world.plan.records.claimed_resolved)
        events.append(
            e.ContactEnded(
                world.event_id(),
                ended_at,
                SOURCE,
                visit.contact_id,
                talk=talk,
                hold=hold,
                wrap=wrap,
                self_service=duration(rng, style.self_service, style.spread)
                if world.chance(style.self_service_share)
                else None,
                disposition="resolved" if claimed else "follow_up",
                claimed_resolved=claimed,
            )
        )
        self._leave_case(visit, ended_at, resolved=claimed)
        rate = world.plan.failure_rate(problem.queue, problem.reason, ended_at)
        rate = self._leads.failure_rate(rate, acted=visit.acted)
        outcome = self._consequences.of_handling(
            problem, visit.contact_id, rate, ended_at, partial(self.come_back, problem)
        )
        return End(ended_at, queue, rate, outcome)

    def _answered(self, visit: Visit, queue: Queue, agent: Agent | None, at: Millis) -> None:
        agent_id = agent.agent_id if agent is not None else None
        visit.events.append(
            e.ContactAnswered(self.world.event_id(), at, SOURCE, visit.contact_id, agent_id, queue.name, queue.team)
        )

    def _use_case(self, visit: Visit, at: Millis) -> None:
        """Open a case for some new problems, or open again the one that the problem has."""
        world, problem = self.world, visit.problem
        customer_id = problem.customer.customer_id
        if problem.case_id is None:
            if problem.attempts == 1 and problem.customer.known and world.chance(world.plan.records.cases):
                problem.case_id = f"{visit.contact_id}-case"
                learned = e.ContactUpdated(world.event_id(), at, SOURCE, visit.contact_id, case_id=problem.case_id)
                opened = e.CaseOpened(
                    world.event_id(), at, SOURCE, problem.case_id, customer_id, problem.reason, visit.contact_id
                )
                visit.events.extend((learned, opened))
        elif problem.case_resolved:
            problem.case_resolved = False
            visit.events.append(
                e.CaseReopened(world.event_id(), at, SOURCE, problem.case_id, customer_id, problem.reason)
            )

    def _leave_case(self, visit: Visit, at: Millis, *, resolved: bool) -> None:
        problem = visit.problem
        if problem.case_id is None or not resolved:
            return
        problem.case_resolved = True
        visit.events.append(
            e.CaseResolved(
                self.world.event_id(),
                at,
                SOURCE,
                problem.case_id,
                problem.customer.customer_id,
                problem.reason,
                visit.contact_id,
            )
        )
