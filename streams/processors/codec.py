"""States as lists and tuples, named ones too, of strings and numbers, and back from lists of lists.

How they are serialised in between is the engine's choice: a tuple comes back as a list, whatever it was called.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

from streams.domain.account import Maturing, Maturity
from streams.domain.closing import Closing
from streams.domain.contact import Contact, ContactFold
from streams.domain.events import RANK_OF, TYPE_OF, ContactEvent
from streams.domain.journey import Held, Journey
from streams.domain.judgement import NOTHING_KEPT, Demand, Judgement, Kept, Seen
from streams.domain.nudges import Nudged, Watch
from streams.domain.problem import Carry, Chain
from streams.domain.signs import Sign
from streams.processors.agents import Agent, Moment
from streams.processors.alarms import Alarm
from streams.processors.changes import Timer

Plain: TypeAlias = Sequence[Any]

_KINDS: tuple[type, ...] = tuple(TYPE_OF)


def freeze_contact(fold: ContactFold) -> Plain:
    """Return a contact as its events."""
    return [(RANK_OF[type(event)], *event) for event in fold.events]


def thaw_contact_events(plain: Plain) -> list[ContactEvent]:
    """Return the events of a contact."""
    return [_KINDS[rank](*fields) for rank, *fields in plain]


def freeze_journey(journey: Journey) -> Plain:
    """Return a journey."""
    contacts = [_freeze_held(held) for held in journey.contacts]
    return (contacts, journey.signs, journey.nudges) if journey.nudges else (contacts, journey.signs)


def thaw_journey(plain: Plain) -> Journey:
    """Return a journey again."""
    contacts, signs, *nudges = plain
    return Journey(
        [_thaw_held(held) for held in contacts],
        [Sign(*sign) for sign in signs],
        [_thaw_nudged(nudged) for nudged in (nudges[0] if nudges else ())],
    )


def thaw_timer(plain: Plain) -> Timer:
    """Return what time brings again, which is plain enough as it is to be serialised."""
    if isinstance(plain[0], int):
        return Watch(*plain)
    contact_id, customer_id, ended, reason, handled, claims, response, maturities = plain
    return Maturing(
        contact_id,
        customer_id,
        tuple(ended),
        reason,
        handled,
        tuple(claims),
        response,
        tuple(
            Maturity(due, window, verdict, Closing(*closing) if closing else None)
            for due, window, verdict, closing in maturities
        ),
    )


def freeze_agent(agent: Agent) -> Plain:
    """Return an agent."""
    return agent.states, agent.memberships


def thaw_agent(plain: Plain) -> Agent:
    """Return an agent again."""
    states, memberships = plain
    return Agent([Moment(*moment) for moment in states], [Moment(*moment) for moment in memberships])


def freeze_alarm(alarm: Alarm) -> Plain:
    """Return what is remembered of a spike."""
    return alarm.known, alarm.reason, alarm.nudged


def thaw_alarm(plain: Plain) -> Alarm:
    """Return what is remembered of a spike again."""
    known, reason, nudged = plain
    return Alarm(known, reason, None if nudged is None else _thaw_nudged(nudged))


def _freeze_held(held: Held) -> Plain:
    return held.contact, held.judgement, None if held.kept == NOTHING_KEPT else held.kept


def _thaw_held(plain: Plain) -> Held:
    contact, judgement, kept = plain
    contact[3], contact[8], contact[9] = tuple(contact[3]), tuple(contact[8]), tuple(contact[9])
    return Held(
        Contact(*contact),
        None if judgement is None else _thaw_judgement(judgement),
        NOTHING_KEPT if kept is None else Kept(_thaw_demand(kept[0]), _thaw_carry(kept[1]), _thaw_seen(kept[2])),
    )


def _thaw_judgement(plain: Plain) -> Judgement:
    linkable, demand, recontacted, reopened, denied, exited, confirmed, closings, response = plain
    return Judgement(
        linkable,
        _thaw_demand(demand),
        _thaw_seen(recontacted),
        _thaw_seen(reopened),
        _thaw_seen(denied),
        _thaw_seen(exited),
        _thaw_seen(confirmed),
        tuple(Closing(*closing) if closing else None for closing in closings),
        response,
    )


def _thaw_nudged(plain: Plain) -> Nudged:
    nudge_id, kind, contact_id, at, expires_at, place, *rest = plain
    return Nudged(nudge_id, kind, contact_id, at, expires_at, tuple(place), *rest)


def _thaw_seen(plain: Plain | None) -> Seen | None:
    return None if plain is None else Seen(*plain)


def _thaw_demand(plain: Plain | None) -> Demand | None:
    if plain is None:
        return None
    demand, evidence, link, origin_id, origin = plain
    return Demand(demand, evidence, link, origin_id, tuple(origin))


def _thaw_carry(plain: Plain | None) -> Carry | None:
    if plain is None:
        return None
    cases, reasons, chains, rest = plain
    return Carry(
        tuple(cases),
        tuple((reason, product) for reason, product in reasons),
        tuple(Chain(*chain) if chain else None for chain in chains),
        rest,
    )
