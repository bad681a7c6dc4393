"""What the exporter has computed already, once for each level however many replicas there are, and said as people ask.

People ask what share of problems stays solved: that is one less the share that fails, so what was the lower end of an
interval becomes its upper one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from streams.catalogue import estimates, legacy, outcome, spikes
from streams.catalogue.estimates import Quantity, name_of
from streams.catalogue.rules.promql import latest, rise
from streams.catalogue.rules.rule import Recording
from streams.catalogue.rules.totals import LEVELS, Level, record_of

Form: TypeAlias = Literal["as it is", "one less", "less another", "sum", "any one"]
"""What is made of a gauge: 1 - x, x - y, a sum over what it has beside ``by``, or one series for each first label."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A recorded series that is a gauge, or made of one: of ``metric``, and by the labels ``by``."""

    record: str
    metric: str
    by: tuple[str, ...]
    about: str
    form: Form = "as it is"
    select: Mapping[str, str] = field(default_factory=dict)
    other: str = ""

    def recording(self) -> Recording:
        """Return it as a rule of Prometheus."""
        by = f" by ({', '.join(self.by)})" if self.by else ""
        one = latest(self.metric, self.select, without=self.select)
        expr = {
            "as it is": one,
            "one less": f"1 - {one}",
            "less another": f"{one} - {latest(self.other, self.select, without=self.select) if self.other else ''}",
            "sum": f"sum{by} ({latest(self.metric, self.select)})",
            "any one": f"topk by ({self.by[0] if self.by else ''}) (1, {one})",
        }[self.form]
        return Recording(self.record, expr, self.about)


_HANDLED: Final = {"handled": "true"}
_ESTIMATED = {level.labels: level for level in estimates.LEVELS}

_ONE_LESS: tuple[tuple[str, Quantity, str], ...] = (
    ("resolution:live", estimates.LIVE, "Share of contacts that will stay solved if failures go on as now."),
    ("resolution:live_low", estimates.LIVE_HIGH, "Lower end of its 95 % interval."),
    ("resolution:live_high", estimates.LIVE_LOW, "Upper end of its 95 % interval."),
    ("resolution:matured", estimates.MATURED, "Share that stayed solved of the contacts whose window has passed."),
    ("resolution:matured_low", estimates.MATURED_HIGH, "Lower end of its 95 % interval."),
    ("resolution:matured_high", estimates.MATURED_LOW, "Upper end of its 95 % interval."),
    ("resolution:at_least", estimates.UPPER_BOUND, "The least that it can turn out to be, if all pending fail."),
    ("resolution:at_most", estimates.LOWER_BOUND, "The most that it can turn out to be, if none of them does."),
    (
        "naive_resolution:ratio",
        estimates.NAIVE,
        "What a dashboard would say that forgets that recent contacts had no time to fail.",
    ),
)

TEAM_OF_QUEUE: Final = "queue_team:monitor_queue:info"
FAILURE_OBJECTIVE: Final = "queue_window:outcome_failure_objective:ratio"
SERVICE_LEVEL_OBJECTIVE: Final = "queue:legacy_service_level_objective:ratio"


def readings() -> Iterator[Reading]:
    """Yield estimates, pending contacts, objectives, and whose a queue is."""
    for level in LEVELS:
        yield from _estimates(level)
    yield Reading(
        TEAM_OF_QUEUE, spikes.QUEUE_TEAM, ("queue", "team"), "The one team that alerts of a queue go to.", "any one"
    )
    by = ("queue", "window")
    yield Reading(FAILURE_OBJECTIVE, spikes.FAILURE_OBJECTIVE, by, "Share that may fail, at most.")
    yield Reading(
        SERVICE_LEVEL_OBJECTIVE,
        spikes.SERVICE_LEVEL_OBJECTIVE,
        ("queue",),
        "Share to be answered in time, at least.",
    )


def headcounts() -> Iterator[Reading]:
    """Yield how many people there are."""
    for level in LEVELS[1:]:
        yield Reading(headcount_of(level), legacy.HEADCOUNT, level.labels, "People.", "sum")


def headcount_of(level: Level) -> str:
    """Return the name of the series of how many people there are."""
    return f"{level.name}:legacy_headcount:sum"


def gauge_rules() -> Iterator[Recording]:
    """Yield the rules of all of these, and of attrition."""
    for reading in (*headcounts(), *readings()):
        yield reading.recording()
    for level in LEVELS[1:]:
        yield _attrition(level)


def _estimates(level: Level) -> Iterator[Reading]:
    prefix, by = f"{level.name}_window:outcome", (*level.labels, "window")

    def named(quantity: Quantity) -> str:
        return name_of(_ESTIMATED[level.labels], quantity)

    for operation, quantity, about in _ONE_LESS:
        yield Reading(f"{prefix}_{operation}", named(quantity), by, about, "one less", _HANDLED)
    yield Reading(
        f"{prefix}_pending:ratio",
        named(estimates.UPPER_BOUND),
        by,
        "Share of contacts that can still fail: of those that ended since a window and seven days ago.",
        "less another",
        _HANDLED,
        named(estimates.LOWER_BOUND),
    )
    about = f"{estimates.COVERAGE.help}."
    yield Reading(f"{prefix}_coverage:ratio", named(estimates.COVERAGE), by, about, select=_HANDLED)
    about = "Contacts that ended and have no verdict yet."
    yield Reading(f"{prefix}_pending:sum", outcome.PENDING, by, about, "sum", _HANDLED)


def _attrition(level: Level) -> Recording:
    left = record_of(level, "legacy_staff_left", "total")
    return Recording(
        f"{level.name}:legacy_attrition:ratio_28d",
        f"{rise(left, '28d')} / (avg_over_time({headcount_of(level)}[28d]) > 0) * 365 / 28",
        "Agent turnover: leavers of the last 28 days over the mean headcount, for a year.",
    )
