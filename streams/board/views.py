"""What is looked at: a kind of screen, for whom, of which team and queue. Equal views show the same."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, NamedTuple, TypeAlias

from streams.board.counts import Scope
from streams.board.demand import FailureDemand, failure_demand
from streams.board.helped import Helped, HelpedOf
from streams.board.model import Model
from streams.board.nudges import Answer, Nudge
from streams.board.twins import Twins, TwinsOf
from streams.board.viewer import Viewer
from streams.domain.units import HOUR, MINUTE, Millis

Kind: TypeAlias = Literal["board", "wallboard", "problem"]

MOST_NUDGES: Final = 40
MOST_DONE: Final = 12
MOST_CAUSES: Final = 8
MOST_QUEUES: Final = 60
STALE_AFTER: Final = 10 * MINUTE
"""After so long without news, a board says that what it shows may be old."""


@dataclass(frozen=True, slots=True)
class View:
    """A screen. It has all of its viewer that changes what is shown, and nothing else: many viewers share one."""

    kind: Kind
    teams: frozenset[str] | None
    sees_customers: bool
    may_act: bool
    team: str | None = None
    queue: str | None = None
    problem: str | None = None

    @classmethod
    def of(
        cls, viewer: Viewer, kind: Kind, team: str | None = None, queue: str | None = None, problem: str | None = None
    ) -> "View":
        """Return what a viewer sees of a screen."""
        if kind == "wallboard":
            return cls(kind, viewer.teams, sees_customers=False, may_act=False, team=team, queue=queue)
        return cls(kind, viewer.teams, viewer.sees_customers, viewer.may_act, team, queue, problem)

    @property
    def viewer(self) -> Viewer:
        """Somebody who sees this, and has no name."""
        return Viewer("", self.teams, self.sees_customers, self.may_act)

    @property
    def scope(self) -> Scope:
        """Whose rows it shows."""
        return Scope(self.teams, self.team, self.queue)


class Row(NamedTuple):
    """A nudge that needs action, who has acknowledged it, and the token of its problem if that is remembered."""

    nudge: Nudge
    taken: Answer | None
    problem: str | None


class Screen:
    """What a board shows, cut to what a screen can hold. Each part is made when it is asked for first."""

    def __init__(self, screens: "Screens", scope: Scope, as_of: Millis, now: Millis) -> None:
        self.as_of = as_of
        self._screens = screens
        self._model = screens.model
        self._scope = scope
        self._now = now

    @cached_property
    def rows(self) -> list[Row]:
        """The nudges that need action."""
        return [self._row(nudge) for nudge in self._open[:MOST_NUDGES]]

    @property
    def open_nudges(self) -> int:
        """How many need action."""
        return len(self._open)

    @property
    def done(self) -> list[Answer]:
        """What was done today, newest first."""
        return self._done[:MOST_DONE]

    @property
    def done_today(self) -> int:
        """How much was done today."""
        return len(self._done)

    @property
    def helped(self) -> Helped:
        """Whether acting on nudges helped."""
        return self._screens.helped_of(self._scope, self.as_of)

    @cached_property
    def demand(self) -> FailureDemand:
        """Failure demand today."""
        return failure_demand(self._model, self._scope, self.as_of)

    @property
    def twins(self) -> list[Twins]:
        """Outputs beside outcomes."""
        return self._twins[: MOST_QUEUES + 1]

    @property
    def queues(self) -> int:
        """How many queues there are."""
        return len(self._twins) - 1

    @cached_property
    def _open(self) -> list[Nudge]:
        nudges = self._model.nudges.open(self._scope, self.as_of, max(self.as_of, self._now))
        nudges.sort(key=lambda nudge: self._model.nudges.taken(nudge) is not None)  # stable: oldest first among each
        return nudges

    @cached_property
    def _done(self) -> list[Answer]:
        return self._model.nudges.done(self._scope, self._model.clock.begin_of_day(self.as_of))

    @cached_property
    def _twins(self) -> list[Twins]:
        return self._screens.twins_of(self._scope, self.as_of)

    def _row(self, nudge: Nudge) -> Row:
        contacts, nudges = self._model.contacts, self._model.nudges
        problem = None if nudge.contact_id is None else contacts.token_of_problem(nudge.contact_id)
        return Row(nudge, nudges.taken(nudge), problem)


class Screens:
    """Makes screens from the model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.twins_of = TwinsOf(model)
        self.helped_of = HelpedOf(model)

    def screen(self, view: View, now: Millis) -> Screen | None:
        """Return what a view shows; ``None`` before anything was told. ``now`` is what the wall clock says."""
        newest = self.model.newest
        if newest is None:
            return None
        return Screen(self, view.scope, newest, now)

    def places(self, view: View) -> tuple[list[str], list[str]]:
        """Return the teams that a viewer can choose from, and the queues of the team that is chosen."""
        everywhere = Scope(view.teams)
        found = {*self.model.counts.places(everywhere), *self.model.nudges.places(everywhere)}
        teams = {team for team, _ in found} | (view.teams or frozenset())
        queues = {queue for team, queue in found if view.team in (None, team)}
        if view.team is not None:
            teams.add(view.team)
        if view.queue is not None:
            queues.add(view.queue)
        return sorted(teams), sorted(queues)


def is_stale(newest: Millis, now: Millis) -> bool:
    """Say whether what is known may be old."""
    return now - newest > STALE_AFTER


def hours_and_minutes(span: Millis) -> str:
    """Write how long something takes, in what people say: minutes, or hours with them."""
    hours, minutes = span // HOUR, span % HOUR // MINUTE
    if not hours:
        return f"{minutes} min" if minutes else f"{span // 1_000} s"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
