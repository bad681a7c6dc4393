"""Estimates of the share of contacts that fail, at four levels.

A share of a queue is not the sum or the mean of the shares of its teams, so each level is estimated from its own
cohorts and has metrics of its own: adding up one metric never counts a contact twice.
"""

from typing import NamedTuple

from streams.catalogue.labels import QTC
from streams.catalogue.metric import Metric, NoTwin
from streams.domain import measures as m


class Level(NamedTuple):
    """A way to divide the contact centre: the labels that tell its parts apart, and what its metrics are called."""

    prefix: str
    labels: tuple[str, ...]
    whole: str


class Quantity(NamedTuple):
    """Something that is estimated at every level."""

    name: str
    help: str
    question: str
    twin: str | NoTwin
    computed_from: tuple[str, ...]


LEVELS: tuple[Level, ...] = (
    Level("outcome_", QTC, "a queue, team and channel"),
    Level("outcome_queue_", ("queue",), "a queue"),
    Level("outcome_team_", ("team",), "a team"),
    Level("outcome_centre_", (), "the whole centre"),
)

_COHORTS = (m.COHORT_ENDED, m.COHORT_RECURRED, m.COHORT_EXITED)
_CLAIMED = m.CLAIMED_RESOLVED

LIVE = Quantity(
    "live_failure_ratio",
    "Share of contacts that will fail within the window (the customer has to come back, or leaves) if failures go on as"
    " now: at each age since a contact's end, recent failures over the contacts that were of that age",
    "What share of contacts fails, without waiting for the window to pass?",
    _CLAIMED,
    (*_COHORTS, m.FAILING),
)
LIVE_LOW = LIVE._replace(
    name="live_failure_low_ratio",
    help="Lower end of the 95 % interval of the live share that fails",
    question="How low may the live share be?",
)
LIVE_HIGH = LIVE._replace(
    name="live_failure_high_ratio",
    help="Upper end of the 95 % interval of the live share that fails",
    question="How high may the live share be?",
)
LIVE_PERIOD = LIVE._replace(
    name="live_period_seconds",
    help="How far back the live share looks for failures: the shortest time in which contacts of every age were seen",
    question="How recent is what the live share rests on?",
    twin=NoTwin("says what the live share rests on"),
)
MATURED = Quantity(
    "matured_failure_ratio",
    "Share that failed of the last seven days of contacts whose window has passed",
    "What share of contacts failed, late but for certain?",
    _CLAIMED,
    _COHORTS,
)
MATURED_LOW = MATURED._replace(
    name="matured_failure_low_ratio",
    help="Lower end of the 95 % interval of the matured share that failed",
    question="How low may the matured share be?",
)
MATURED_HIGH = MATURED._replace(
    name="matured_failure_high_ratio",
    help="Upper end of the 95 % interval of the matured share that failed",
    question="How high may the matured share be?",
)
NAIVE = MATURED._replace(
    name="naive_failure_ratio",
    help="Share that failed so far of the contacts of the last day; flatters, shown only beside the others",
    question="What would a dashboard say that forgets that recent contacts had no time to fail?",
)
LOWER_BOUND = MATURED._replace(
    name="failed_lower_bound_ratio",
    help="Share of contacts that have failed already, of those that ended since a window and seven days ago",
    question="What share fails at the least, if no pending contact does?",
)
UPPER_BOUND = MATURED._replace(
    name="failed_upper_bound_ratio",
    help="Share of contacts that have failed or are pending, of those that ended since a window and seven days ago",
    question="What share fails at the most, if all pending contacts do?",
)
COVERAGE = Quantity(
    "coverage_ratio",
    "Share of contacts that could be linked, of those that ended since a window and seven days ago",
    "What share of contacts do the outcome ratios speak for?",
    NoTwin("output measures need no link, so they cover every contact"),
    (m.COHORT_ENDED, m.COHORT_UNLINKABLE),
)

QUANTITIES: tuple[Quantity, ...] = (
    LIVE, LIVE_LOW, LIVE_HIGH, LIVE_PERIOD, MATURED, MATURED_LOW, MATURED_HIGH, NAIVE,
    LOWER_BOUND, UPPER_BOUND, COVERAGE,
)  # fmt: skip


def name_of(level: Level, quantity: Quantity) -> str:
    """Return the name of the metric of a quantity at a level."""
    return level.prefix + quantity.name


PENDING_BY_AGE = "outcome_queue_pending_by_age"

_PENDING_BY_AGE = Metric(
    PENDING_BY_AGE,
    "gauge",
    "customer outcome",
    ("queue", "age"),
    "Handled contacts that have not failed so far, by how long ago they ended; of a queue.",
    "How far are the pending contacts on their way to a verdict?",
    NoTwin("output measures do not follow a contact beyond its end"),
    computed_from=_COHORTS,
)

METRICS: tuple[Metric, ...] = (
    _PENDING_BY_AGE,
    *(
        Metric(
            name_of(level, quantity),
            "gauge",
            "customer outcome",
            (*level.labels, "handled", "window"),
            f"{quantity.help}; of {level.whole}.",
            quantity.question,
            quantity.twin,
            computed_from=quantity.computed_from,
        )
        for quantity in QUANTITIES
        for level in LEVELS
    ),
)
