"""What spikes of failure demand are seen by, and what rules have to know beside that."""

from streams.catalogue.metric import Metric, NoTwin
from streams.domain import measures as m

EXPECTED = "outcome_failure_demand_expected"
EXCESS = "outcome_failure_demand_excess"
EXCESS_LIMIT = "outcome_failure_demand_excess_limit"
SPIKE = "outcome_failure_demand_spike"
SHARE_EXPECTED = "outcome_failure_share_expected_ratio"
SHARE_EXCESS = "outcome_failure_share_excess"
SHARE_EXCESS_LIMIT = "outcome_failure_share_excess_limit"
SHARE_SPIKE = "outcome_failure_share_spike"
BASELINE_WEEKS = "monitor_baseline_weeks"
SERVICE_LEVEL_OBJECTIVE = "legacy_service_level_objective_ratio"
FAILURE_OBJECTIVE = "outcome_failure_objective_ratio"
QUEUE_TEAM = "monitor_queue_team"
REASON_OWNER = "monitor_reason_owner"

_COUNTS = ("queue", "reason")
_NO_OUTPUT = NoTwin("no output measure says what is usual")
_FOR_RULES = NoTwin("for rules and dashboards, which have to know it")


def _count(name: str, help_text: str, question: str) -> Metric:
    return Metric(
        name, "gauge", "business outcome", _COUNTS, help_text, question, _NO_OUTPUT, computed_from=(m.CAUSED,)
    )


def _share(name: str, help_text: str, question: str) -> Metric:
    return Metric(
        name, "gauge", "business outcome", ("queue",), help_text, question, _NO_OUTPUT, computed_from=(m.ARRIVED,)
    )


METRICS: tuple[Metric, ...] = (
    _count(
        EXPECTED,
        "Failure-demand contacts, by the queue that causes them, usual in this hour of the week: a mean of past weeks.",
        "How much failure demand should we expect now?",
    ),
    _count(
        EXCESS,
        "Failure-demand contacts caused by a queue beyond what is usual, as a cumulative sum (CUSUM) in contacts.",
        "How much more failure demand than usual comes, once chance is allowed for?",
    ),
    _count(
        EXCESS_LIMIT,
        "Excess that chance alone reaches as seldom as the configured rate of false alarms says.",
        "What excess is no chance any more?",
    ),
    _count(
        SPIKE,
        "1 from when the excess reaches its limit until it has fallen to half of that, else 0.",
        "Is there a spike of failure demand, which queue causes it, and what is it about?",
    ),
    _share(
        SHARE_EXPECTED,
        "Share of a queue's arrivals that was failure demand in the weeks before.",
        "What share of failure demand should we expect?",
    ),
    _share(
        SHARE_EXCESS,
        "Failure demand among a queue's arrivals beyond the usual share, as a cumulative sum (CUSUM) in contacts.",
        "How much larger than usual is the share, once chance is allowed for?",
    ),
    _share(
        SHARE_EXCESS_LIMIT,
        "Excess that chance alone reaches as seldom as the configured rate of false alarms says.",
        "What excess is no chance any more?",
    ),
    _share(
        SHARE_SPIKE,
        "1 from when the excess of the share reaches its limit until it has fallen to half of that, else 0.",
        "Where does failure demand land in a larger share than usual?",
    ),
    Metric(
        BASELINE_WEEKS,
        "gauge",
        "monitor",
        (),
        "Weeks of history that what is usual is the mean of; spikes can be seen once there is one.",
        "Can spikes be seen yet, and how well?",
        _FOR_RULES,
    ),
    Metric(
        SERVICE_LEVEL_OBJECTIVE,
        "gauge",
        "output",
        ("queue",),
        "Configured objective: share of contacts to be answered within the threshold.",
        "Which service level do we aim at?",
        FAILURE_OBJECTIVE,
    ),
    Metric(
        FAILURE_OBJECTIVE,
        "gauge",
        "customer outcome",
        ("queue", "window"),
        "Configured objective: share of handled contacts that may fail within the window, at most.",
        "How many failures do we tolerate?",
        SERVICE_LEVEL_OBJECTIVE,
    ),
    Metric(
        QUEUE_TEAM,
        "gauge",
        "monitor",
        ("queue", "team"),
        "Always 1; its labels say to which team most contacts of a queue came.",
        "Whom do alerts of a queue go to?",
        _FOR_RULES,
    ),
    Metric(
        REASON_OWNER,
        "gauge",
        "monitor",
        ("reason", "owner", "category"),
        "Always 1; its labels say who can remove the cause of a reason, and why the work on it exists.",
        "Who can remove the cause?",
        _FOR_RULES,
    ),
)
