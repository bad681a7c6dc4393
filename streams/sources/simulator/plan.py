"""What a simulated contact centre is like: a plan says everything, and with a seed it decides every event.

Shares and probabilities are in [0, 1]; durations are milliseconds; hours and weekdays (Monday is 0) are UTC.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields

from streams.domain.events import DemandClass
from streams.domain.units import DAY, HOUR, MINUTE, SECOND, Millis
from streams.sources.simulator.profile import HOURS_OF_WEEK, flat


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason for contact: how common it is, and how often a handled contact about it leaves the problem unsolved.

    ``failure_rate`` is the probability that the customer comes back about it within :attr:`Returns.within` of the end.
    ``demand`` is what the taxonomy would say of the first contact about it.
    """

    weight: float = 1.0
    failure_rate: float = 0.1
    demand: DemandClass = "value"


@dataclass(frozen=True, slots=True)
class Handling:
    """How long things take: medians of log-normal times, and how common the optional parts are."""

    talk: Millis = 5 * MINUTE
    wrap: Millis = 40 * SECOND
    hold: Millis = 45 * SECOND
    hold_share: float = 0.3
    self_service: Millis = 50 * SECOND
    self_service_share: float = 0.4
    spread: float = 0.5


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue: who comes, about what, how often, how they are served.

    ``per_hour`` is the rate of *new problems* in an hour whose factor in ``profile`` is 1; returns come on top of it.
    ``answer_delay`` is the mean time until a contact reaches an agent who is free. A ``patience`` (mean) of ``None``
    means that nobody abandons. An abandoned customer tries again within 24 h with probability ``retry``.
    """

    name: str
    team: str
    per_hour: float
    reasons: Mapping[str, Reason]
    profile: tuple[float, ...] = flat()
    channels: Mapping[str, float] = field(default_factory=lambda: {"voice": 1.0})
    handling: Handling = Handling()
    answer_delay: Millis = 8 * SECOND
    patience: Millis | None = None
    retry: float = 0.6
    transfer: float = 0.0
    transfer_to: str | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """Agents who work together: from ``start_hour`` for ``hours`` (at most 24), on some days of the week."""

    agents: int
    start_hour: int = 0
    hours: int = 24
    days: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Team:
    """A team: its shifts, the length of an agent's break, and the chance that an agent leaves before a shift.

    Who leaves is replaced at once. Where nobody is on shift, an overflow desk without agent ids answers.
    """

    name: str
    shifts: tuple[Shift, ...]
    pause: Millis = 20 * MINUTE
    attrition: float = 0.0


@dataclass(frozen=True, slots=True)
class Incident:
    """From ``start`` until ``end`` (``None``: for good) contacts of a queue about a reason fail at another rate."""

    start: Millis
    end: Millis | None
    queue: str
    reason: str
    failure_rate: float

    def holds(self, queue: str, reason: str, at: Millis) -> bool:
        """Say whether it decides the failure rate of a contact that ends at some time."""
        in_time = self.start <= at and (self.end is None or at < self.end)
        return in_time and self.reason == reason and self.queue == queue


@dataclass(frozen=True, slots=True)
class Returns:
    """When the customers of unsolved problems come back: exponential with about this mean, cut to ``(0, within]``.

    With ``in_profile`` they come at the hours at which new problems come, else at any hour.
    """

    mean: Millis = 36 * HOUR
    within: Millis = 7 * DAY
    in_profile: bool = False


@dataclass(frozen=True, slots=True)
class Customers:
    """Who comes: the share of new problems that known customers bring, and how well the centre knows who they are.

    The pool of past customers holds at most ``pool`` of them. Unless ``fresh_collision``, a customer never brings a
    new problem about a reason within ``quiet`` of their last contact about it: it would look like failure demand.
    ``unknown`` is the share of customers who are never identified; of the contacts of others ``identified_later`` are
    identified only when answered.
    """

    returning: float = 0.3
    pool: int = 5_000
    fresh_collision: bool = False
    quiet: Millis = 31 * DAY
    unknown: float = 0.0
    identified_later: float = 0.0


@dataclass(frozen=True, slots=True)
class Records:
    """How well contacts are recorded: reasons said late or never, problems that have a case, what agents claim."""

    reason_later: float = 0.0
    reason_missing: float = 0.0
    cases: float = 0.0
    claimed_resolved: float = 0.97


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What customers do besides coming back.

    ``silent`` is the share of problems that are unsolved although nobody comes back; of these ``exits`` leave, after
    ``exit_mean`` on average. ``confirms`` of the solved and ``denies`` of those who will come back say so. Surveys go
    to all; the unhappy answer less often than the happy.
    """

    silent: float = 0.0
    exits: float = 0.0
    exit_mean: Millis = 6 * DAY
    confirms: float = 0.0
    denies: float = 0.0
    survey_if_solved: float = 0.0
    survey_if_unsolved: float = 0.0


@dataclass(frozen=True, slots=True)
class Leads:
    """What team leads do about customers who come again.

    They act on a share of the nudges and dismiss a share of the others, each by chance alone, after ``delay`` on
    average. Of the repeats that are acted on, ``effect`` of those that would have failed do not.
    """

    acts: float = 0.0
    dismisses: float = 0.0
    delay: Millis = 90 * SECOND
    effect: float = 0.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """How records reach the log: some delayed, some twice.

    ``disordered`` of them are delayed by up to ``max_disorder``, which belongs below the monitor's allowed lateness;
    ``late`` by up to ``late_by``. ``duplicated`` come again within 5 s, ``duplicated_later`` within two days.
    """

    disordered: float = 0.0
    max_disorder: Millis = 8 * SECOND
    late: float = 0.0
    late_by: Millis = 6 * HOUR
    duplicated: float = 0.0
    duplicated_later: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole contact centre. ``tick`` is the time between clock ticks, ``None`` for none.

    Raises:
        ValueError: if parts of the plan contradict each other; the message names the part.
    """

    queues: tuple[Queue, ...]
    teams: tuple[Team, ...]
    incidents: tuple[Incident, ...] = ()
    returns: Returns = Returns()
    customers: Customers = Customers()
    records: Records = Records()
    aftermath: Aftermath = Aftermath()
    leads: Leads = Leads()
    delivery: Delivery = Delivery()
    tick: Millis | None = MINUTE

    def __post_init__(self) -> None:
        for contradiction in _contradictions(self):
            raise ValueError(contradiction)

    def failure_rate(self, queue: Queue, reason: str, at: Millis) -> float:
        """Return the probability that a contact which ends at some time fails; the last incident listed wins."""
        for incident in reversed(self.incidents):
            if incident.holds(queue.name, reason, at):
                return incident.failure_rate
        return queue.reasons[reason].failure_rate


def _contradictions(plan: Plan) -> Iterator[str]:
    for queue in plan.queues:
        yield from _contradictions_of_queue(queue, plan)
    for team in plan.teams:
        if any(not 0 < shift.hours <= 24 for shift in team.shifts):  # noqa: PLR2004 - hours of a day
            yield f"team {team.name!r}: a shift lasts 1 to 24 hours"
    known = {(queue.name, reason) for queue in plan.queues for reason in queue.reasons}
    for incident in plan.incidents:
        if (incident.queue, incident.reason) not in known:
            yield f"incident: queue {incident.queue!r} with reason {incident.reason!r} is not in the plan"
    parts: list[Queue | Team | Incident | Customers | Records | Aftermath | Leads | Delivery] = []
    parts += [*plan.queues, *plan.teams, *plan.incidents]
    parts += [plan.customers, plan.records, plan.aftermath, plan.leads, plan.delivery]
    for part in parts:
        for name in (each.name for each in fields(part) if each.name != "per_hour"):
            share = getattr(part, name)
            if isinstance(share, float) and not 0 <= share <= 1:
                yield f"{type(part).__name__.lower()}: {name} must be in [0, 1], not {share:g}"


def _contradictions_of_queue(queue: Queue, plan: Plan) -> Iterator[str]:
    if queue.team not in {team.name for team in plan.teams}:
        yield f"queue {queue.name!r}: its team {queue.team!r} is not among the plan's teams"
    if len(queue.profile) != HOURS_OF_WEEK or min(queue.profile) < 0 or queue.per_hour * max(queue.profile) <= 0:
        yield f"queue {queue.name!r}: profile needs {HOURS_OF_WEEK} factors >= 0, and some hour with arrivals"
    if queue.transfer > 0 and queue.transfer_to not in {other.name for other in plan.queues}:
        yield f"queue {queue.name!r}: transfer_to must name a queue of the plan, not {queue.transfer_to!r}"
    if not queue.reasons or not queue.channels:
        yield f"queue {queue.name!r}: needs at least one reason and one channel"
    for name, reason in queue.reasons.items():
        if not 0 <= reason.failure_rate <= 1:
            yield f"queue {queue.name!r}, reason {name!r}: failure_rate must be in [0, 1], not {reason.failure_rate:g}"
