"""What follows a contact: the customer returns, leaves, gives up or is content, and perhaps says so."""

from dataclasses import dataclass
from typing import NamedTuple

from streams.domain import events as e
from streams.domain.units import DAY, HOUR, MINUTE, Millis
from streams.sources.simulator.draws import Mix, cut_exponential, cut_exponential_in_profile, exponential
from streams.sources.simulator.people import Problem
from streams.sources.simulator.truth import Next
from streams.sources.simulator.world import SOURCE, Task, World

_RETRY_MEAN = 45 * MINUTE
_SURVEY_MEAN = 4 * HOUR
_CONFIRM_MEAN = 2 * DAY
_CSAT = {
    True: Mix({"5": 52, "4": 33, "3": 9, "2": 3, "1": 3}),
    False: Mix({"5": 12, "4": 26, "3": 24, "2": 18, "1": 20}),
}
_NPS = {
    True: Mix({"10": 30, "9": 25, "8": 22, "7": 13, "6": 5, "5": 3, "3": 1, "0": 1}),
    False: Mix({"10": 5, "9": 8, "8": 15, "7": 17, "6": 15, "5": 14, "3": 12, "0": 14}),
}


class Outcome(NamedTuple):
    """Whether a contact solved the problem, and what the customer does next about it, when."""

    solved: bool
    next: Next
    next_at: Millis | None = None


CONTENT = Outcome(solved=True, next="nothing")
GIVES_UP = Outcome(solved=False, next="gives_up")


@dataclass(slots=True)
class Consequences:
    """Decides outcomes, puts returns on the agenda and writes what customers say and do to the log."""

    world: World

    def of_abandoning(self, problem: Problem, at: Millis, come_back: Task) -> Outcome:
        """Return the outcome of a contact that was abandoned: the customer tries again within a day, or gives up."""
        if not self.world.chance(problem.queue.retry):
            problem.customer.last[problem.reason] = at
            return GIVES_UP
        problem.why = "abandoned"
        return self._return(problem, at + cut_exponential(self.world.rng, _RETRY_MEAN, DAY), come_back)

    def of_handling(
        self, problem: Problem, contact_id: str, failure_rate: float, ended_at: Millis, come_back: Task
    ) -> Outcome:
        """Return the outcome of a contact that was handled; with probability ``failure_rate`` the customer returns."""
        world, habits = self.world, self.world.plan.aftermath
        problem.customer.last[problem.reason] = ended_at
        if world.chance(failure_rate):
            problem.why = "unsolved"
            outcome = self._return(problem, ended_at + self._delay(problem, ended_at), come_back)
            if world.chance(habits.denies) and outcome.next_at is not None:
                denied_at = ended_at + 1 + int(world.rng.random() * (outcome.next_at - ended_at))
                self._say(e.OutcomeDenied, problem, contact_id, denied_at)
        elif world.chance(habits.silent):
            outcome = self._leave(problem, ended_at) if world.chance(habits.exits) else GIVES_UP
        else:
            outcome = CONTENT
            if world.chance(habits.confirms):
                self._say(e.OutcomeConfirmed, problem, contact_id, ended_at + 1 + exponential(world.rng, _CONFIRM_MEAN))
        self._survey(problem, contact_id, ended_at, solved=outcome.solved)
        return outcome

    def _delay(self, problem: Problem, ended_at: Millis) -> Millis:
        rng, returns = self.world.rng, self.world.plan.returns
        if returns.in_profile:
            return cut_exponential_in_profile(rng, returns.mean, returns.within, ended_at, problem.queue.profile)
        return cut_exponential(rng, returns.mean, returns.within)

    def _return(self, problem: Problem, at: Millis, come_back: Task) -> Outcome:
        problem.customer.awaited += 1
        problem.customer.last[problem.reason] = at
        self.world.agenda.put(at, come_back)
        return Outcome(solved=False, next="returns", next_at=at)

    def _leave(self, problem: Problem, ended_at: Millis) -> Outcome:
        """Let the customer leave for good, unless they are still to come back about something else."""
        world, customer = self.world, problem.customer
        if customer.awaited or customer.gone:
            return GIVES_UP
        customer.gone = True
        at = ended_at + 1 + exponential(world.rng, world.plan.aftermath.exit_mean)
        how = "complaint" if world.rng.random() < 0.2 else "cancelled"  # noqa: PLR2004 - a fifth complain first
        world.log.write(e.CustomerExited(world.event_id(), at, SOURCE, customer.customer_id, how))
        return Outcome(solved=False, next="exits", next_at=at)

    def _say(
        self, word: type[e.OutcomeConfirmed | e.OutcomeDenied], problem: Problem, contact_id: str, at: Millis
    ) -> None:
        if problem.customer.known:
            said = word(self.world.event_id(), at, SOURCE, problem.customer.customer_id, contact_id)
            self.world.log.write(said)

    def _survey(self, problem: Problem, contact_id: str, ended_at: Millis, *, solved: bool) -> None:
        world, habits, customer = self.world, self.world.plan.aftermath, problem.customer
        if world.chance(habits.survey_if_solved if solved else habits.survey_if_unsolved):
            survey = e.SurveyAnswered(
                world.event_id(),
                ended_at + MINUTE + exponential(world.rng, _SURVEY_MEAN),
                SOURCE,
                contact_id,
                customer.customer_id if customer.known else None,
                int(_CSAT[solved].draw(world.rng)),
                int(_NPS[solved].draw(world.rng)),
            )
            world.log.write(survey)
