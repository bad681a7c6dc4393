"""The agents processor: how agents spend their time, and who belongs to which team."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, cast, get_args

from streams.domain import measures as m
from streams.domain.events import TYPE_OF, AgentEvent, AgentStateChanged, Event, StaffJoined
from streams.domain.labels import OTHER, LabelBudget
from streams.domain.ledger import Additions
from streams.domain.policy import Policy
from streams.domain.units import DAY, HOUR, Millis
from streams.domain.watermark import Release
from streams.processors.changes import Changes, Rejected, States

AGENT_EVENTS: frozenset[type] = frozenset(get_args(AgentEvent))

_REMEMBERED = HOUR
"""How far back an agent's states are kept, so that a late one can be put in its place."""

_AT_MOST = 100
"""How many moments of each kind are kept at most."""

_YEARS = 3650 * DAY
"""How long an agent of whom nothing is heard stays known."""


class Moment(NamedTuple):
    """From when on an agent was in a state (``joined`` and ``left`` for belonging to the team)."""

    at: Millis
    event_id: str
    team: str
    state: str


@dataclass(slots=True)
class Agent:
    """An agent's recent states, and their comings and goings, each in order of time."""

    states: list[Moment] = field(default_factory=list)
    memberships: list[Moment] = field(default_factory=list)


class Agents:
    """State: by agent id, the agent's recent moments. Time is counted when it is over, by the state it was spent in."""

    name = "agents"

    def __init__(self, policy: Policy, labels: LabelBudget) -> None:
        self.policy = policy
        self.labels = labels

    def keys(self, events: Iterable[Event]) -> set[str]:
        """Return the keys whose state a batch touches."""
        return {cast("AgentEvent", event).agent_id for event in events if type(event) in AGENT_EVENTS}

    def expires_at(self, agent: Agent) -> Millis:
        """Return the time from which an agent need not be remembered."""
        return max([moments[-1].at for moments in (agent.states, agent.memberships) if moments]) + _YEARS

    def take(self, event: AgentEvent, release: Release, states: States[Agent], changes: Changes) -> None:
        """Take an event of a release."""
        now = release.watermark if release.late else event.occurred_at
        agent = states.get(event.agent_id)
        if agent is None or self._is_expired(agent, now):  # whether it has been let go of yet must not matter
            agent = Agent()
        to = changes.additions
        team = self.labels.admit("team", event.team)
        moments, state = agent.memberships, "joined" if isinstance(event, StaffJoined) else "left"
        if isinstance(event, AgentStateChanged):
            moments, state = agent.states, event.state
        moment = Moment(event.occurred_at, event.event_id, team, state)
        place = bisect_left(moments, moment)
        if moment in moments[place : place + 1] or self._is_copy(moment, moments, place):
            to.count(m.DUPLICATES, (TYPE_OF[type(event)],))
            return
        if team == OTHER != event.team:
            to.count(m.LABEL_OVERFLOW, ("team",))
        if moments is agent.memberships:
            to.count(m.STAFF_JOINED if state == "joined" else m.STAFF_LEFT, (team,))
        elif moments and moment.at < min(moments[0].at, moments[-1].at - _REMEMBERED):
            changes.rejected.append(Rejected(event, "expired", "older than what is remembered of its agent"))
            return
        else:
            _spend(moments, moment, place, to)
        moments.insert(place, moment)
        if moments is agent.states:
            earliest = moments[-1].at - _REMEMBERED
            while len(moments) > 1 and moments[1].at < earliest:
                del moments[0]
        del moments[:-_AT_MOST]
        states.put(event.agent_id, agent)

    def _is_expired(self, agent: Agent, now: Millis) -> bool:
        newest = (agent.states or agent.memberships)[-1]  # nearly always this alone tells that it is not
        return newest.at + _YEARS <= now and self.expires_at(agent) <= now

    def _is_copy(self, moment: Moment, moments: list[Moment], place: int) -> bool:
        """Say whether an event was told just before with another time: while both waited, or might have."""
        earliest = moment.at - self.policy.lateness
        while place > 0 and moments[place - 1].at >= earliest:
            place -= 1
            if moments[place].event_id == moment.event_id:
                return True
        return False


def _spend(moments: list[Moment], moment: Moment, place: int, to: Additions) -> None:
    """Count the time that a state at a place among the others ends, or takes from the state before it."""
    before = moments[place - 1] if place > 0 else None
    after = moments[place] if place < len(moments) else None
    if after is not None:
        to.count(m.AGENT_TIME, (moment.team, moment.state), after.at - moment.at)
    if before is not None:
        spent = moment.at - (after.at if after is not None else before.at)
        to.count(m.AGENT_TIME, (before.team, before.state), spent)
