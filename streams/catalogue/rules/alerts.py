"""What somebody is told at once, and what for: queues first, then the monitor itself."""

from typing import Final

from streams.catalogue import monitor, process, spikes
from streams.catalogue.rules.gauges import FAILURE_OBJECTIVE, SERVICE_LEVEL_OBJECTIVE, TEAM_OF_QUEUE
from streams.catalogue.rules.promql import before, latest, rise
from streams.catalogue.rules.rule import Alert, Recording
from streams.catalogue.rules.totals import LEVELS, record_of
from streams.domain import measures as m

_QUEUE = LEVELS[0]
_TEAM: Final = f"* on (queue) group_left (team) {TEAM_OF_QUEUE}"
_ENOUGH: Final = 30
"""Contacts in a day below which no ratio of a queue is worth waking somebody."""
_KEPT: Final = "10m"
"""How long an alert of a queue outlives a gap in what is scraped, such as a restart."""

_BUSY: Final = f"{record_of(_QUEUE, 'outcome_ended', 'delta_1d')} >= {_ENOUGH}"
_LIVE: Final = "queue_window:outcome_resolution:live"
_LIVE_HIGH: Final = "queue_window:outcome_resolution:live_high"
_LIVE_LOW: Final = "queue_window:outcome_resolution:live_low"
_SERVICE_LEVEL_1D, _SERVICE_LEVEL_7D = (
    f'queue:legacy_service_level:ratio_{span}{{formula="answered_of_all"}}' for span in ("1d", "7d")
)
_SLA_1D, _SLA_7D = (f"queue:legacy_sla_met:ratio_{span}" for span in ("1d", "7d"))
_MAIN_REASON: Final = (
    '{{ with printf "topk(1, queue_reason:outcome_failure_demand_by_reason:delta_1d{queue=%q} > 0)" $labels.queue'
    ' | query }}{{ . | first | label "reason" }} ({{ . | first | value | humanize }} contacts in a day)'
    "{{ else }}none that stands out{{ end }}"
)


def budget_rules() -> list[Recording]:
    """Return what the error-budget alerts compare: the share that fails now, and how much is too fast.

    A factor of 14.4, as for services with a budget of a tenth of a percent, can never fire where 30 % may fail: it
    would take 432 %. Here nothing is compared with more than halfway between the objective and everything failing.
    """
    rules = []
    failed, exited, ended = (
        record_of(_QUEUE, name, "total") for name in ("outcome_recurred", "outcome_exited", "outcome_ended")
    )
    for span in ("1h", "6h", "1d", "3d"):
        since = " + ".join(rise(total, span) for total in (failed, exited))
        rules.append(
            Recording(
                f"queue_window:outcome_failures:per_ended_{span}",
                f"({since})\n/ on (queue) group_left () ({rise(ended, span)} >= {_guard(span)})",
                "Failures seen in the span, for each contact that ended in it: the share that fails at steady volume.",
            )
        )
    half = f"(1 + {FAILURE_OBJECTIVE}) / 2"
    for name, factor in (("fast", 5.6), ("slow", 1.0)):
        rules.append(
            Recording(
                f"queue_window:outcome_budget:{name}",
                f"({factor} * {FAILURE_OBJECTIVE} < {half}) or {half}",
                f"Share that fails at {factor} times the objective, or halfway between the objective and all of them.",
            )
        )
    return rules


def _guard(span: str) -> int:
    return {"1h": 10, "6h": 30, "1d": _ENOUGH, "3d": _ENOUGH}[span]


_QUEUE_ALERTS: tuple[Alert, ...] = (
    Alert(
        "FailureDemandSpike",
        "More failure demand about a reason is caused by a queue than usual at this hour of the week, beyond chance.",
        f"({latest(spikes.EXCESS)}\n and on (queue, reason) ({latest(spikes.SPIKE)} == 1))\n{_TEAM}",
        "critical",
        "queue",
        "{{ $labels.queue }} causes more failure demand about {{ $labels.reason }} than usual",
        "{{ $value | humanize }} contacts more than usual have come back about {{ $labels.reason }} to what"
        " {{ $labels.queue }} had done, once chance is allowed for.",
        keep=_KEPT,
    ),
    Alert(
        "FailureDemandShareSpike",
        "A larger share of what arrives at a queue is failure demand than usual, beyond chance.",
        f"({latest(spikes.SHARE_EXCESS)}\n and on (queue) ({latest(spikes.SHARE_SPIKE)} == 1))\n{_TEAM}",
        "warning",
        "queue",
        "More of what arrives at {{ $labels.queue }} is failure demand than usual",
        "{{ $value | humanize }} of the arrivals at {{ $labels.queue }} are failure demand beyond the usual share, once"
        " chance is allowed for. Most is about: " + _MAIN_REASON + ".",
        keep=_KEPT,
    ),
    Alert(
        "GreenOutsideRedInside",
        "A queue's outputs are on target while its outcomes surely miss theirs.",
        f"""\
(
  ({_LIVE_HIGH} < 1 - {FAILURE_OBJECTIVE})
  and on (queue) (
    ({_SERVICE_LEVEL_1D} >= ignoring (formula) {SERVICE_LEVEL_OBJECTIVE})
    or ({_SLA_1D} >= {SERVICE_LEVEL_OBJECTIVE})
  )
  and on (queue) ({_BUSY})
)
{_TEAM}""",
        "warning",
        "queue",
        "{{ $labels.queue }} meets its service level while customers have to come back",
        "At most {{ $value | humanizePercentage }} of the problems that {{ $labels.queue }} handles will stay solved"
        " for {{ $labels.window }}, which is less than was aimed at, and its outputs are on target. Most failure"
        " demand is about: " + _MAIN_REASON + ".",
        wait="30m",
        keep="1h",
    ),
    Alert(
        "OutputsImproveOutcomesWorsen",
        "A queue's outputs are better than a week ago while its outcomes are worse, beyond chance.",
        f"""\
(
  ({_LIVE_HIGH} < {before(_LIVE_LOW, "7d")})
  and on (queue, window) {FAILURE_OBJECTIVE}
  and on (queue) (
    ({_SERVICE_LEVEL_7D} > {before(_SERVICE_LEVEL_7D, "7d")})
    or ({_SLA_7D} > {before(_SLA_7D, "7d")})
  )
  and on (queue) ({_BUSY})
)
{_TEAM}""",
        "warning",
        "queue",
        "{{ $labels.queue }} answers better than last week and solves less",
        "At most {{ $value | humanizePercentage }} of the problems that {{ $labels.queue }} handles will stay solved"
        " for {{ $labels.window }}: less than a week ago, beyond chance, while its service level rose. Most failure"
        " demand is about: " + _MAIN_REASON + ".",
        wait="30m",
        keep="1h",
    ),
    Alert(
        "OutcomeBudgetBurnsFast",
        "So much fails at a queue that a month's failures are used up within days.",
        f"""\
(
  queue_window:outcome_failures:per_ended_6h > on (queue, window) queue_window:outcome_budget:fast
  and on (queue, window) (
    queue_window:outcome_failures:per_ended_1h > on (queue, window) queue_window:outcome_budget:fast
  )
)
{_TEAM}""",
        "critical",
        "queue",
        "{{ $labels.queue }} uses up a month's failures within days",
        "The failures seen in six hours come to {{ $value | humanizePercentage }} of the contacts that"
        " {{ $labels.queue }} ended in them, and those of the last hour to as many.",
        keep=_KEPT,
    ),
    Alert(
        "OutcomeBudgetBurnsSlowly",
        "More fails at a queue than was aimed at, for three days and still in the last one.",
        f"""\
(
  queue_window:outcome_failures:per_ended_3d > on (queue, window) queue_window:outcome_budget:slow
  and on (queue, window) (
    queue_window:outcome_failures:per_ended_1d > on (queue, window) queue_window:outcome_budget:slow
  )
)
{_TEAM}""",
        "warning",
        "queue",
        "More fails at {{ $labels.queue }} than was aimed at, for days",
        "The failures seen in three days come to {{ $value | humanizePercentage }} of the contacts that"
        " {{ $labels.queue }} ended in them, and those of the last day to no fewer.",
        wait="1h",
        keep="1h",
    ),
    Alert(
        "CoverageLow",
        "Outcomes are known of fewer than 80 % of a queue's contacts.",
        f"(queue_window:outcome_coverage:ratio < 0.8 and on (queue, window) {FAILURE_OBJECTIVE}"
        f" and on (queue) ({_BUSY}))\n{_TEAM}",
        "info",
        "queue",
        "Outcomes of {{ $labels.queue }} speak for few of its contacts",
        "Only {{ $value | humanizePercentage }} of the contacts of {{ $labels.queue }} can be linked to a customer and"
        " a problem; the rest has no outcome.",
        wait="1h",
        keep="1h",
    ),
)

_WATERMARK = latest(monitor.WATERMARK)
_END, _APPLIED = "monitor_log_end_offset", "monitor_log_applied_offset"

_MONITOR_ALERTS: tuple[Alert, ...] = (
    Alert(
        "MonitorAbsent",
        "No exporter of the monitor is scraped, or none has processed anything.",
        f"absent({monitor.WATERMARK})",
        "critical",
        "monitor",
        "Nothing is known of any queue: the monitor exports nothing",
        "No exporter of the monitor has been scraped for five minutes, or none has processed anything yet.",
        wait="5m",
    ),
    Alert(
        "MonitorStale",
        "What is told of queues is more than a quarter of an hour old.",
        f"time() - {_WATERMARK} > 900",
        "critical",
        "monitor",
        "What is told of queues is old: the monitor is {{ $value | humanizeDuration }} behind",
        "Events are not being processed, or none come in.",
        wait="5m",
        keep="5m",
    ),
    Alert(
        "MonitorLagging",
        "More records wait than can be processed in five minutes.",
        f"({latest(_END)} - {latest(_APPLIED)})\n> 300 * clamp_min(max(deriv({_APPLIED}[10m])), 10)",
        "warning",
        "monitor",
        "The monitor falls behind: {{ $value | humanize }} records wait",
        "At the speed of the last ten minutes it takes more than five minutes to process what waits.",
        wait="10m",
        keep="5m",
    ),
    Alert(
        "DeadLettersRising",
        "More than one record in a hundred can't be used.",
        f"""\
(sum(max by (reason) ({m.DEAD_LETTERS})) - (sum(max by (reason) ({m.DEAD_LETTERS} offset 1h)) or vector(0)) >= 10)
> 0.01 * (sum(max by (type) ({m.EVENTS})) - sum(max by (type) ({m.EVENTS} offset 1h)))""",
        "warning",
        "monitor",
        "{{ $value | humanize }} records of the last hour could not be used",
        "More than one in a hundred goes to the dead letters; what they tell is missing from every total.",
        keep="15m",
    ),
    Alert(
        "EventsLate",
        "More than one event in a hundred comes later than the allowed lateness.",
        f"""\
(sum(max by (type) ({m.LATE})) - (sum(max by (type) ({m.LATE} offset 1h)) or vector(0)) >= 10)
> 0.01 * (sum(max by (type) ({m.EVENTS})) - sum(max by (type) ({m.EVENTS} offset 1h)))""",
        "warning",
        "monitor",
        "{{ $value | humanize }} events of the last hour came too late",
        "More than one in a hundred is later than the allowed lateness; what was published is restated.",
        keep="15m",
    ),
    Alert(
        "MonitorRestarting",
        "A process of the monitor was started more than three times within an hour.",
        f"changes({process.START}[1h]) > 3",
        "warning",
        "monitor",
        "{{ $labels.instance }} keeps restarting",
        "It was started {{ $value }} times within an hour. No count is lost by that, but something is wrong.",
        keep="15m",
    ),
    Alert(
        "LabelBudgetSpent",
        "A label has more values than its budget has room for.",
        f"""\
(
  {latest(m.LABEL_OVERFLOW)} > max by (label) ({m.LABEL_OVERFLOW} offset 1h)
  or ({latest(m.LABEL_OVERFLOW)} unless max by (label) ({m.LABEL_OVERFLOW} offset 1h))
)
and on () ({m.EVENTS} offset 1h)""",
        "info",
        "monitor",
        "More values of {{ $labels.label }} come in than are told apart",
        "What is beyond the budget is counted as other.",
        keep="1h",
    ),
    Alert(
        "RowsNotExported",
        "The exporter finds rows in the ledger that it does not know.",
        f"{latest(monitor.UNEXPORTED)} > 0",
        "warning",
        "monitor",
        "The exporter can't place {{ $value }} rows of the ledger ({{ $labels.why }})",
        "The exporter is of another version than whoever wrote the ledger.",
        wait="15m",
    ),
)

ALERTS: tuple[Alert, ...] = (*_QUEUE_ALERTS, *_MONITOR_ALERTS)
