"""The agents of a simulated centre: shifts, breaks, who is free when, and the events that tell of it."""

from dataclasses import dataclass, field
from functools import partial

from streams.domain.events import AgentActivity, AgentStateChanged, StaffJoined, StaffLeft
from streams.domain.units import DAY, HOUR, SECOND, Millis
from streams.sources.simulator.plan import Shift, Team
from streams.sources.simulator.world import SOURCE, World

_NEVER: Millis = 2**62
_THURSDAY = 3  # 1970-01-01


@dataclass(slots=True, eq=False)
class Agent:
    """An agent: free from ``free_at``, on shift until ``until``, due for a break from ``break_at`` on."""

    agent_id: str
    team: Team
    free_at: Millis
    until: Millis = 0
    break_at: Millis = _NEVER


@dataclass(slots=True)
class Roster:
    """Who works when. An agent handles one contact at a time; the one who is free first gets the next."""

    world: World
    _on_shift: dict[str, list[Agent]] = field(default_factory=dict)
    _hired: int = 0

    def open(self) -> None:
        """Hire everybody, and let the shifts begin: those that are in progress at the start at once."""
        start = self.world.start
        for team in self.world.plan.teams:
            self._on_shift[team.name] = []
            for shift in team.shifts:
                crew = [self._hire(team, start) for _ in range(shift.agents)]
                self._schedule(shift, crew, start // DAY - 1, start)

    def first_free(self, team: str, earliest: Millis) -> tuple[Agent | None, Millis]:
        """Return who of a team can take a contact first, and when; ``None`` is the overflow desk, if nobody can."""
        chosen, chosen_at = None, earliest
        for agent in self._on_shift[team]:
            if (chosen is None or agent.free_at < chosen.free_at) and max(earliest, agent.free_at) < agent.until:
                chosen, chosen_at = agent, max(earliest, agent.free_at)
        return chosen, chosen_at

    def handle(self, agent: Agent, start: Millis, end: Millis) -> None:
        """Let an agent handle a contact, and then take a break if it is time, or be available."""
        self._tell(agent, "handling", start)
        agent.free_at = end
        if agent.break_at <= end < agent.until:
            agent.break_at = _NEVER
            self._tell(agent, "break", end)
            agent.free_at = end + agent.team.pause
        self._tell(agent, "available", agent.free_at)

    def _schedule(self, shift: Shift, crew: list[Agent], day: int, _at: Millis) -> None:
        begin = day * DAY + shift.start_hour * HOUR
        end = begin + shift.hours * HOUR
        start = self.world.start
        if (day + _THURSDAY) % 7 in shift.days and end > start:
            self.world.agenda.put(max(begin, start), partial(self._begin, crew, end))
        self.world.agenda.put((day + 1) * DAY, partial(self._schedule, shift, crew, day + 1))

    def _begin(self, crew: list[Agent], until: Millis, at: Millis) -> None:
        for place, veteran in enumerate(crew):
            agent = veteran
            if veteran.free_at <= at and self.world.chance(veteran.team.attrition):
                self.world.log.write(StaffLeft(self.world.event_id(), at, SOURCE, veteran.agent_id, veteran.team.name))
                agent = crew[place] = self._hire(veteran.team, at)
            agent.free_at = max(agent.free_at, at)
            agent.until = until
            agent.break_at = agent.free_at + (until - agent.free_at) // 2
            self._tell(agent, "available", agent.free_at)
            self._on_shift[agent.team.name].append(agent)
        self.world.agenda.put(until, partial(self._end, crew))

    def _end(self, crew: list[Agent], at: Millis) -> None:
        for agent in crew:
            self._tell(agent, "offline", max(at, agent.free_at))
            self._on_shift[agent.team.name].remove(agent)

    def _hire(self, team: Team, at: Millis) -> Agent:
        self._hired += 1
        agent = Agent(f"{self.world.prefix}a{self._hired}", team, free_at=at + SECOND)  # joined before at work
        self.world.log.write(StaffJoined(self.world.event_id(), at, SOURCE, agent.agent_id, team.name))
        return agent

    def _tell(self, agent: Agent, state: AgentActivity, at: Millis) -> None:
        event = AgentStateChanged(self.world.event_id(), at, SOURCE, agent.agent_id, agent.team.name, state)
        self.world.log.write(event)
