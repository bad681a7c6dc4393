"""What a contact centre decides for itself: windows, thresholds, taxonomy, rates. Read from config at the edge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Final, Literal, TypeAlias

from streams.domain.events import DemandClass
from streams.domain.units import DAY, HOUR, MINUTE, SECOND, Micros, Millis

CostCategory: TypeAlias = Literal["deliver", "react", "change"]
"""Why the work exists: to deliver what was promised, to react to a broken promise, or a change the customer made."""

_DAY_MINUTES: Final = 24 * 60

UNKNOWN = "unknown"
"""The label of what was never said (no queue, no team, no reason); a value like any other, never hidden."""


@dataclass(frozen=True, slots=True)
class Window:
    """How long after a contact's first end its recurrence is watched for."""

    name: str
    length: Millis


@dataclass(frozen=True, slots=True)
class Reason:
    """One entry of the reason taxonomy. ``owner`` is who can remove the cause; ``demand`` is ``None`` if undecided."""

    demand: DemandClass | None = None
    cost_category: CostCategory | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """What an hour of handling costs, in millionths of ``currency``; fits where its team and channel do (None: any)."""

    per_hour: Micros
    team: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When nobody is to be nudged: from one minute of the day up to another, past midnight if that is earlier."""

    start: int
    end: int
    zone: tzinfo = UTC

    def __contains__(self, at: Millis) -> bool:
        """Say whether a time lies in them, by the clocks of the zone."""
        local = datetime.fromtimestamp(at / 1000, self.zone)
        since = (local.hour * 60 + local.minute - self.start) % _DAY_MINUTES
        return since < (self.end - self.start) % _DAY_MINUTES


@dataclass(frozen=True, slots=True)
class Nudging:
    """When a team lead is asked for action, and when not.

    ``waiting`` is how often the service-level threshold of its queue must have passed before a repeat is said to wait;
    ``resolve_within`` is by queue, how soon after its first contact a problem should be at rest, and ``warn_at`` the
    part of that time after which a promise is about to be broken. A team is sent at most ``limit`` nudges in each
    ``span``. Who counts them may know a share of the customers only: so each of ``shares`` has its part of the limit.
    """

    expiry: Millis = 30 * MINUTE
    waiting: int = 3
    resolve_within: Mapping[str, Millis] = field(default_factory=dict)
    warn_at: float = 0.8
    limit: int = 60
    span: Millis = 10 * MINUTE
    shares: int = 12
    quiet: QuietHours | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Every choice that changes a number. Two runs over one log with equal policies give equal ledgers."""

    windows: tuple[Window, ...] = (Window("1d", DAY), Window("7d", 7 * DAY), Window("30d", 30 * DAY))
    lateness: Millis = 10 * SECOND
    leap: Millis = HOUR
    retry_within: Millis = 24 * HOUR
    short_abandon: Millis = 5 * SECOND
    answer_threshold: Millis = 20 * SECOND
    queue_answer_threshold: Mapping[str, Millis] = field(default_factory=dict)
    queue_team: Mapping[str, str] = field(default_factory=dict)
    link_by_identity: bool = False
    reasons: Mapping[str, Reason] = field(default_factory=dict)
    rates: tuple[Rate, ...] = ()
    currency: str = "EUR"
    open_contact_expiry: Millis = 365 * DAY
    contacts_per_customer: int = 200
    events_per_contact: int = 100
    label_budget: Mapping[str, int] = field(
        default_factory=lambda: {"queue": 200, "team": 200, "channel": 20, "reason": 500}
    )
    declared_labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    nudging: Nudging = field(default_factory=Nudging)

    longest_window: Millis = field(init=False)
    """Length of the longest window; what is older than this can no longer change a verdict."""
    memory: Millis = field(init=False)
    """How long what came to rest is remembered.

    A day more than matters, because whose contact it is may become known, and late events may come, some time after a
    contact's arrival.
    """

    def __post_init__(self) -> None:
        object.__setattr__(self, "longest_window", self.windows[-1].length)
        object.__setattr__(self, "memory", self.longest_window + DAY)

    def threshold_of(self, queue: str) -> Millis:
        """Return the service-level threshold of a queue: how soon a contact should be answered."""
        return self.queue_answer_threshold.get(queue, self.answer_threshold)

    def rate_of(self, team: str, channel: str) -> Micros:
        """Return the hourly rate of the first entry that fits, 0 where none does."""
        for rate in self.rates:
            if rate.team in (None, team) and rate.channel in (None, channel):
                return rate.per_hour
        return 0

    def demand_of(self, reason: str | None, declared: DemandClass | None) -> tuple[str, Literal["reason", "none"]]:
        """Return the demand by declaration of the source, else by taxonomy, and what there is to show a failure.

        It is ``unclassified`` where neither says.
        """
        entry = self.reasons.get(reason) if declared is None and reason is not None else None
        demand = declared if entry is None else entry.demand
        return demand or "unclassified", "reason" if demand == "failure" else "none"

    def cost_category_of(self, reason: str | None) -> str:
        """Return why work on a reason exists: its cost category, ``unknown`` where the taxonomy does not say."""
        entry = self.reasons.get(reason) if reason else None
        return (entry.cost_category if entry else None) or UNKNOWN
