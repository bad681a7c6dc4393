"""The simulated centre of this benchmark: as many events a second as are asked for, and few customers who come again.

It is the centre of the demo with everybody in a hurry: contacts are over within seconds and unsolved problems are back
within half a minute, so that a minute of it has all that a week has. Customers come again as seldom as there are to be
nudges, and team leads act on those soon.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from streams.domain.units import DAY, HOUR, MINUTE, SECOND, Millis
from streams.sources.simulator.generate import Simulated, simulate
from streams.sources.simulator.plan import Delivery, Handling, Leads, Plan, Queue, Returns, Shift, Team
from streams.sources.simulator.presets import demo_plan
from streams.sources.simulator.profile import flat

EVENTS_PER_CONTACT: Final = 6.2
"""About; how many there are is counted."""
_HANDLING: Final = Handling(talk=6 * SECOND, wrap=SECOND, hold=SECOND, self_service=SECOND)
_ACTED_AFTER: Final = 15 * SECOND
"""How long a nudge needs action, on average: so few are open at a time that a screen has room for all."""
_BUSY_S: Final = 10
"""Seconds that an agent spends on a contact, and some to spare."""


def history(until: Millis, days: int) -> Iterator[bytes]:
    """Yield the records of the demo's centre in the days before a time: some 1,500 contacts a day."""
    plan = replace(demo_plan(), tick=HOUR)
    return (one.raw for one in simulate(plan, seed=1, start=until - days * DAY, until=until))


def traffic(events_per_s: float, nudges_per_minute: float, start: Millis, seconds: float) -> list[Simulated]:
    """Return what the centre in a hurry logs, each event with the time at which it is to be sent."""
    plan = busy_plan(events_per_s, nudges_per_minute)
    return list(simulate(plan, seed=2, start=start, until=start + round(seconds * SECOND)))


def busy_plan(events_per_s: float, nudges_per_minute: float) -> Plan:
    """Return the plan: events come in order, since what is sent late is not the monitor's delay."""
    demo = demo_plan()
    contacts_per_s = events_per_s / EVENTS_PER_CONTACT
    rates = [reason.failure_rate for queue in demo.queues for reason in queue.reasons.values()]
    seldom = nudges_per_minute * SECOND / MINUTE / contacts_per_s / (sum(rates) / len(rates))
    agents = round(contacts_per_s * _BUSY_S / len(demo.queues)) + 10
    return replace(
        demo,
        queues=tuple(_hurried(queue, contacts_per_s / len(demo.queues), min(seldom, 1.0)) for queue in demo.queues),
        teams=tuple(Team(team.name, (Shift(agents * _queues_of(team, demo)),)) for team in demo.teams),
        returns=Returns(mean=15 * SECOND, within=30 * SECOND),
        leads=Leads(acts=1.0, delay=_ACTED_AFTER),
        aftermath=replace(demo.aftermath, denies=0.0, exits=0.0),
        delivery=Delivery(duplicated=demo.delivery.duplicated),
        tick=None,
    )


def _hurried(queue: Queue, contacts_per_s: float, seldom: float) -> Queue:
    reasons = {
        name: replace(reason, failure_rate=reason.failure_rate * seldom) for name, reason in queue.reasons.items()
    }
    return replace(
        queue,
        per_hour=contacts_per_s * HOUR / SECOND,
        reasons=reasons,
        profile=flat(),
        handling=_HANDLING,
        answer_delay=SECOND // 2,
        patience=None,
    )


def _queues_of(team: Team, plan: Plan) -> int:
    return sum(queue.team == team.name for queue in plan.queues)
