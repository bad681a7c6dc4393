"""What the exporter has computed already, once for each level however many replicas there are, and said as people ask.

People ask what share of problems stays solved: that is one less the share that fails, so what was the lower end of an
interval becomes its upper one.
"""

from collections.abc import Iterator
from typing import Final

from streams.catalogue import estimates, legacy, outcome, spikes
from streams.catalogue.estimates import Quantity, name_of
from streams.catalogue.rules.promql import latest
from streams.catalogue.rules.rule import Recording
from streams.catalogue.rules.totals import LEVELS, Level, record_of

_HANDLED: Final = {"handled": "true"}
_ESTIMATED = {level.labels: level for level in estimates.LEVELS}

_ONE_LESS: tuple[tuple[str, Quantity, str], ...] = (
    ("live", estimates.LIVE, "Share of contacts that will stay solved if failures go on as now."),
    ("live_low", estimates.LIVE_HIGH, "Lower end of its 95 % interval."),
    ("live_high", estimates.LIVE_LOW, "Upper end of its 95 % interval."),
    ("matured", estimates.MATURED, "Share that stayed solved of the contacts whose window has passed."),
    ("matured_low", estimates.MATURED_HIGH, "Lower end of its 95 % interval."),
    ("matured_high", estimates.MATURED_LOW, "Upper end of its 95 % interval."),
    ("at_least", estimates.UPPER_BOUND, "The least that it can turn out to be, if all pending contacts fail."),
    ("at_most", estimates.LOWER_BOUND, "The most that it can turn out to be, if no pending contact fails."),
)

TEAM_OF_QUEUE: Final = "queue_team:monitor_queue:info"
FAILURE_OBJECTIVE: Final = "queue_window:outcome_failure_objective:ratio"
SERVICE_LEVEL_OBJECTIVE: Final = "queue:legacy_service_level_objective:ratio"


def gauge_rules() -> Iterator[Recording]:
    """Yield the rules of estimates, objectives, pending contacts and attrition."""
    for level in LEVELS:
        yield from _estimates(level)
    yield Recording(
        TEAM_OF_QUEUE,
        f"topk by (queue) (1, {latest(spikes.QUEUE_TEAM)})",
        "The one team that alerts of a queue go to.",
    )
    yield Recording(FAILURE_OBJECTIVE, latest(spikes.FAILURE_OBJECTIVE), "Share that may fail, at most.")
    yield Recording(
        SERVICE_LEVEL_OBJECTIVE, latest(spikes.SERVICE_LEVEL_OBJECTIVE), "Share to be answered in time, at least."
    )
    for level in LEVELS[1:]:
        yield _attrition(level)


def _estimates(level: Level) -> Iterator[Recording]:
    prefix = f"{level.name}_window"

    def of(quantity: Quantity) -> str:
        return latest(name_of(_ESTIMATED[level.labels], quantity), _HANDLED, without=("handled",))

    for operation, quantity, about in _ONE_LESS:
        yield Recording(f"{prefix}:outcome_resolution:{operation}", f"1 - {of(quantity)}", about)
    yield Recording(
        f"{prefix}:outcome_pending:ratio",
        f"{of(estimates.UPPER_BOUND)} - {of(estimates.LOWER_BOUND)}",
        "Share of contacts that can still fail: of those that ended since a window and seven days ago.",
    )
    yield Recording(f"{prefix}:outcome_coverage:ratio", of(estimates.COVERAGE), estimates.COVERAGE.help + ".")
    yield Recording(
        f"{prefix}:outcome_naive_resolution:ratio",
        f"1 - {of(estimates.NAIVE)}",
        "What a dashboard would say that forgets that recent contacts had no time to fail.",
    )
    yield Recording(
        f"{prefix}:outcome_pending:sum",
        f"sum by ({', '.join((*level.labels, 'window'))}) ({latest(outcome.PENDING, _HANDLED)})",
        "Contacts that ended and have no verdict yet.",
    )


def _attrition(level: Level) -> Recording:
    left = record_of(level, "legacy_staff_left", "total")
    headcount = f"{level.name}:legacy_headcount:sum"
    return Recording(
        f"{level.name}:legacy_attrition:ratio_28d",
        f"({left} - {left} offset 28d) / (avg_over_time({headcount}[28d]) > 0) * 365 / 28",
        "Agent turnover: leavers of the last 28 days over the mean headcount, for a year.",
    )


def headcount_rules() -> Iterator[Recording]:
    """Yield the rules of how many people there are."""
    for level in LEVELS[1:]:
        by = f" by ({', '.join(level.labels)})" if level.labels else ""
        yield Recording(f"{level.name}:legacy_headcount:sum", f"sum{by} ({latest(legacy.HEADCOUNT)})", "People.")
