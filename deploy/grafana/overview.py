"""Centre overview: each outcome over its legacy twin."""

from collections.abc import Mapping, Sequence

from deploy.grafana.panels import (
    QUEUE_LINKS,
    RUNBOOK_LINKS,
    TEAM_LINKS,
    Chart,
    Drawn,
    Number,
    Query,
    Table,
)

OVERVIEW: Mapping[str, Sequence[Drawn]] = {
    "Now": (
        Number(
            "Problems that stay solved",
            "What share of the contacts handled now will stay solved for $window, if failures go on as they do?",
            Query('centre_window:outcome_resolution:live{window="$window"}', ""),
            "percentunit",
        ),
        Number(
            "Claimed resolved",
            "What share of the contacts handled was claimed to be resolved? The twin of what stays solved.",
            Query("centre:legacy_claimed_resolution:ratio_$span", ""),
            "percentunit",
        ),
        Number(
            "Failure demand",
            "What share of what comes in is caused by our own failures?",
            Query("centre:outcome_failure_demand:ratio_$span", ""),
            "percentunit",
        ),
        Number(
            "Service level",
            "What share of all offered contacts was answered within the threshold?",
            Query('centre:legacy_service_level:ratio_$span{formula="answered_of_all"}', ""),
            "percentunit",
        ),
        Number(
            "Coverage",
            "What share of the contacts do the outcomes speak for?",
            Query('centre_window:outcome_coverage:ratio{window="$window"}', ""),
            "percentunit",
        ),
        Number(
            "Data as of",
            "Up to when has everything been processed?",
            Query("max(monitor_watermark_timestamp_seconds) * 1000", ""),
            "dateTimeFromNow",
        ),
    ),
    "Queues: outputs beside outcomes": (
        Table(
            "Queues",
            "Which queues look good and solve little, or the other way round? Click on a queue for more.",
            {
                "handled": ("queue:legacy_handled:delta_$span", "short"),
                "service level": ('queue:legacy_service_level:ratio_$span{formula="answered_of_all"}', "percentunit"),
                "SLA met": ("queue:legacy_sla_met:ratio_$span", "percentunit"),
                "handle time": ("queue:legacy_handle_seconds:mean_$span", "s"),
                "abandoned": ("queue:legacy_abandonment:ratio_$span", "percentunit"),
                "claimed resolved": ("queue:legacy_claimed_resolution:ratio_$span", "percentunit"),
                "stays solved": ('queue_window:outcome_resolution:live{window="$window"}', "percentunit"),
                "failed, matured": ('1 - queue_window:outcome_resolution:matured{window="$window"}', "percentunit"),
                "failure demand": ("queue:outcome_failure_demand:ratio_$span", "percentunit"),
                "caused, per handled": ("queue:outcome_failure_demand_caused:per_handled_$span", "percentunit"),
                "coverage": ('queue_window:outcome_coverage:ratio{window="$window"}', "percentunit"),
            },
            ("queue",),
            links={"queue": QUEUE_LINKS},
        ),
        Table(
            "Teams",
            "How do teams compare, in what they are counted by and in what they solve?",
            {
                "handled": ("team:legacy_handled:delta_$span", "short"),
                "handle time": ("team:legacy_handle_seconds:mean_$span", "s"),
                "occupancy": ("team:legacy_occupancy:ratio_$span", "percentunit"),
                "turnover": ("team:legacy_attrition:ratio_28d", "percentunit"),
                "claimed resolved": ("team:legacy_claimed_resolution:ratio_$span", "percentunit"),
                "stays solved": ('team_window:outcome_resolution:live{window="$window"}', "percentunit"),
                "failure demand": ("team:outcome_failure_demand:ratio_$span", "percentunit"),
                "caused, per handled": ("team:outcome_failure_demand_caused:per_handled_$span", "percentunit"),
                "contacts per solved": (
                    'team_window:outcome_contacts_per_resolved_problem:ratio_$span{window="$window"}',
                    "short",
                ),
            },
            ("team",),
            width=14,
            height=8,
            links={"team": TEAM_LINKS},
        ),
        Table(
            "Alerts",
            "What is somebody being told right now? Click on an alert for what to do, on a queue for its board.",
            {"": ('ALERTS{alertstate="firing", scope=~"queue|monitor"}', "none")},
            ("alertname", "queue", "team", "severity", "reason"),
            width=10,
            height=8,
            links={"alertname": RUNBOOK_LINKS, "queue": QUEUE_LINKS},
        ),
    ),
    "Is it solved? Outcome": (
        Chart(
            "Stays solved for $window",
            "What share stays solved, now (with its 95 % interval) and among contacts whose window has passed?",
            (
                Query('centre_window:outcome_resolution:live{window="$window"}', "live"),
                Query('centre_window:outcome_resolution:live_low{window="$window"}', "live, low", "low"),
                Query('centre_window:outcome_resolution:live_high{window="$window"}', "live, high", "high"),
                Query('centre_window:outcome_resolution:matured{window="$window"}', "matured"),
                Query('centre_window:outcome_naive_resolution:ratio{window="$window"}', "flattering: not failed yet"),
            ),
            "percentunit",
            highest=1,
        ),
        Chart(
            "Failed although an output spoke well of it",
            "How much of what was claimed resolved, met its SLA or was answered in time failed within $window?",
            (Query('centre_window_claim:outcome_claimed_failed:ratio_$span{window="$window"}', "{{claim}}"),),
            "percentunit",
        ),
    ),
    "Is it solved? Legacy": (
        Chart(
            "First-contact resolution, as claimed",
            "What share was claimed to be resolved when it ended?",
            (Query("centre:legacy_claimed_resolution:ratio_$span", "claimed resolved"),),
            "percentunit",
            highest=1,
        ),
        Chart(
            "Service level, by every usual formula; SLA",
            "What share was answered in time? The formulas differ in what they do with those who gave up.",
            (
                Query("centre:legacy_service_level:ratio_$span", "{{formula}}"),
                Query("centre:legacy_sla_met:ratio_$span", "SLA met"),
            ),
            "percentunit",
            highest=1,
        ),
    ),
    "Nudges: asked for action while the customer is there": (
        Number(
            "Insights usage",
            "What share of the nudges was acted on?",
            Query("centre:outcome_insights_usage:ratio_$span", ""),
            "percentunit",
        ),
        Number(
            "Nudges",
            "How often were team leads asked for action?",
            Query("centre:outcome_nudges_issued:delta_$span", ""),
        ),
        Number(
            "Time to action",
            "How soon were nudges acted on, on average?",
            Query("centre:outcome_nudge_action_seconds:mean_$span", ""),
            "s",
        ),
        Chart(
            "Failed within $window, by what was done about the nudge",
            "Do contacts that were acted on end better than those that were ignored? Not an experiment: leads choose"
            " what they act on.",
            (Query('outcome_centre_nudged_failure_ratio{basis="live", window="$window"}', "{{response}}"),),
            "percentunit",
            highest=1,
        ),
        Chart(
            "Difference that acting makes",
            "Does acting help? The share of nudged contacts that fails within $window where somebody acted, less that"
            " where nobody did, with its 95 % interval: below 0 if it helps. Not an experiment: leads choose.",
            (
                Query('outcome_centre_nudge_effect_ratio{basis="live", window="$window"}', "live"),
                Query('outcome_centre_nudge_effect_low_ratio{basis="live", window="$window"}', "live, low", "low"),
                Query('outcome_centre_nudge_effect_high_ratio{basis="live", window="$window"}', "live, high", "high"),
                Query('outcome_centre_nudge_effect_ratio{basis="matured", window="$window"}', "matured"),
            ),
            "percentunit",
            lowest=-1,
            highest=1,
        ),
        Table(
            "Nudges by team",
            "Which teams are asked for action, which of them act on it, and how much is kept back?",
            {
                "issued": ("team:outcome_nudges_issued:delta_$span", "short"),
                "acted on": ("team:outcome_insights_usage:ratio_$span", "percentunit"),
                "time to action": ("team:outcome_nudge_action_seconds:mean_$span", "s"),
                "kept back": ("team:outcome_nudges_suppressed:delta_$span", "short"),
                "failed, acted on": (
                    'outcome_team_nudged_failure_ratio{basis="live", window="$window", response="acted"}',
                    "percentunit",
                ),
                "failed, ignored": (
                    'outcome_team_nudged_failure_ratio{basis="live", window="$window", response="ignored"}',
                    "percentunit",
                ),
                "difference": (
                    'outcome_team_nudge_effect_ratio{basis="live", window="$window"}',
                    "percentunit",
                ),
            },
            ("team",),
        ),
    ),
    "Demand. Outcome": (
        Chart(
            "Demand by kind",
            "How much of what comes in do we exist for, and how much is caused by our own failures?",
            (
                Query("centre:outcome_failure_demand:ratio_$span", "failure"),
                Query("centre:outcome_value_demand:ratio_$span", "value"),
                Query("centre:outcome_unclassified_demand:ratio_$span", "unclassified"),
            ),
            "percentunit",
            stacked=True,
            highest=1,
        ),
        Chart(
            "What failure demand costs",
            "What share of the cost of handling goes into failure demand?",
            (Query("centre_currency:outcome_failure_cost:ratio_$span", "{{currency}}"),),
            "percentunit",
        ),
    ),
    "Demand. Legacy": (
        Chart(
            "Offered and handled",
            "How many contacts came in, and how many were handled?",
            (
                Query("centre:legacy_offered:delta_$span", "offered"),
                Query("centre:legacy_handled:delta_$span", "handled"),
                Query("centre:legacy_outbound:delta_$span", "outbound"),
            ),
        ),
        Chart(
            "Occupancy, transfers, abandonment",
            "How busy are the agents, how often are contacts passed on, how many give up?",
            (
                Query("centre:legacy_occupancy:ratio_$span", "occupancy"),
                Query("centre:legacy_transfer:ratio_$span", "transferred"),
                Query("centre:legacy_abandonment:ratio_$span", "abandoned"),
                Query("centre:legacy_attrition:ratio_28d", "turnover in a year"),
            ),
            "percentunit",
        ),
    ),
    "Time and effort. Outcome": (
        Chart(
            "Time to resolution",
            "How long does a customer live with a problem, from the first contact to the end of the last?",
            (Query('centre_window:outcome_problem_seconds:mean_$span{window="$window"}', "mean"),),
            "s",
            width=8,
        ),
        Chart(
            "Contacts per resolved problem",
            "How many contacts does it take to solve a problem?",
            (Query('centre_window:outcome_contacts_per_resolved_problem:ratio_$span{window="$window"}', "contacts"),),
            width=8,
        ),
        Chart(
            "Customer effort",
            "How much of their own time does a problem cost customers?",
            (Query('centre_window:outcome_effort_seconds:mean_$span{window="$window"}', "mean"),),
            "s",
            width=8,
        ),
    ),
    "Time and effort. Legacy": (
        Chart(
            "Handle time",
            "How long does a contact take us?",
            (Query("centre:legacy_handle_seconds:mean_$span", "average handle time"),),
            "s",
            width=8,
        ),
        Chart(
            "Queue time",
            "How long do customers wait?",
            (
                Query("centre:legacy_queue_seconds:mean_$span", "all"),
                Query("centre:legacy_answer_seconds:mean_$span", "answered"),
                Query("centre:legacy_first_response_seconds:mean_$span", "first response"),
            ),
            "s",
            width=8,
        ),
        Chart(
            "What customers say",
            "How satisfied do customers say they are, and how many say anything?",
            (
                Query("centre:legacy_csat:ratio_$span", "satisfied"),
                Query("centre:legacy_nps:ratio_$span", "net promoters"),
                Query("centre:legacy_survey_response:ratio_$span", "answer at all"),
            ),
            "percentunit",
            width=8,
            lowest=None,
        ),
    ),
}
