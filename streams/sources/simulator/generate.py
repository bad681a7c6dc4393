"""Run a plan: the records of a log, in its order, as long as somebody asks for more."""

from collections.abc import Iterator
from functools import partial
from random import Random
from typing import NamedTuple

from streams.contracts.encode import encode
from streams.domain.events import ClockTicked, Event
from streams.domain.units import Millis
from streams.sources.simulator.delivery import Log
from streams.sources.simulator.desk import Desk
from streams.sources.simulator.door import Door
from streams.sources.simulator.people import People
from streams.sources.simulator.plan import Plan
from streams.sources.simulator.staff import Roster
from streams.sources.simulator.truth import TruthRecord
from streams.sources.simulator.world import SOURCE, World

_FOREVER: Millis = 2**62


class Simulated(NamedTuple):
    """A record of the log: its bytes, when it happened, when it was logged, what it says.

    ``truth`` is given once for each contact, with the first record of its offer.
    """

    raw: bytes
    occurred_at: Millis
    logged_at: Millis
    event: Event
    truth: TruthRecord | None


def simulate(
    plan: Plan, seed: int, start: Millis, contacts: int | None = None, until: Millis | None = None
) -> Iterator[Simulated]:
    """Yield the records of a simulated centre in the order of its log, made as they are asked for.

    The same arguments give the same records, byte for byte. Memory is bounded by what is under way: contacts in
    progress, returns to come within :attr:`Returns.within`, and the pool of customers.

    Args:
        plan: what the centre is like.
        seed: decides everything that the plan leaves open; it is part of every id.
        start: when the simulation begins.
        contacts: stop when so many contacts were offered and all of them have ended.
        until: leave out what happens from this time on. Without either limit there is no end.

    Raises:
        ValueError: if ``contacts`` is negative.
    """
    if contacts is not None and contacts < 0:
        msg = f"contacts={contacts} must not be negative"
        raise ValueError(msg)
    return _run(plan, seed, start, contacts, until)


def _run(plan: Plan, seed: int, start: Millis, contacts: int | None, until: Millis | None) -> Iterator[Simulated]:
    rng = Random(seed)  # noqa: S311 - a simulation wants to be repeated, not to be unguessable
    world = World(plan, rng, f"s{seed}-", start, Log(rng, plan.delivery))
    desk = Desk(world, Roster(world), contacts)
    horizon = _FOREVER if until is None else until
    if desk.full:
        return
    desk.roster.open()
    people = People(rng, plan.customers, world.prefix)
    for queue in plan.queues:
        Door(world, desk, people, queue).open(start)
    if plan.tick is not None:
        world.agenda.put(start, partial(_tick, world, plan.tick))
    full = False
    while True:
        due, logged = world.agenda.next_at, world.log.next_at
        if due < horizon and (logged is None or due <= logged):
            world.agenda.do_next()
            if desk.full and not full:
                full = True
                horizon = min(horizon, desk.last_end + 1)
        elif logged is None:
            return
        else:
            record = world.log.take()
            event = record.event
            if event.occurred_at < horizon:
                yield Simulated(encode(event), event.occurred_at, record.logged_at, event, record.truth)


def _tick(world: World, every: Millis, at: Millis) -> None:
    world.log.write(ClockTicked(world.event_id(), at, SOURCE))
    world.agenda.put(at + every, partial(_tick, world, every))
