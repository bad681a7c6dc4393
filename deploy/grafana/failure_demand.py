"""Failure demand: where it is caused, what it is about, who can remove the cause, what it costs."""

from collections.abc import Mapping, Sequence

from deploy.grafana.panels import QUEUE_LINKS, QUEUE_SERIES_LINKS, Bars, Chart, Drawn, Query, Table

_BY_REASON = "sum by (reason) (queue_reason:outcome_failure_demand_by_reason:delta_$span)"
_OWNER = "on (reason) group_left (owner) max by (reason, owner) (monitor_reason_owner)"

FAILURE_DEMAND: Mapping[str, Sequence[Drawn]] = {
    "Now": (
        Table(
            "Against what is usual",
            "Which queue causes more failure demand than usual, and about what?",
            {
                "spike": ("max by (queue, reason) (outcome_failure_demand_spike)", "none"),
                "excess": ("max by (queue, reason) (outcome_failure_demand_excess)", "short"),
                "limit": ("max by (queue, reason) (outcome_failure_demand_excess_limit)", "short"),
                "usual in this hour": ("max by (queue, reason) (outcome_failure_demand_expected)", "short"),
                "in the span": ("queue_reason:outcome_failure_demand_by_reason:delta_$span", "short"),
            },
            ("queue", "reason"),
            width=14,
            links={"queue": QUEUE_LINKS},
        ),
        Table(
            "Share of arrivals",
            "Where does failure demand land in a larger share than usual?",
            {
                "spike": ("max by (queue) (outcome_failure_share_spike)", "none"),
                "excess": ("max by (queue) (outcome_failure_share_excess)", "short"),
                "limit": ("max by (queue) (outcome_failure_share_excess_limit)", "short"),
                "usual": ("max by (queue) (outcome_failure_share_expected_ratio)", "percentunit"),
                "in the span": ("queue:outcome_failure_demand:ratio_$span", "percentunit"),
            },
            ("queue",),
            width=10,
            links={"queue": QUEUE_LINKS},
        ),
    ),
    "Pareto": (
        Bars(
            "By the queue that causes it",
            "Where is failure demand caused, rather than where does it land?",
            Query("sort_desc(queue:outcome_failure_demand_caused:delta_$span)", "{{queue}}"),
        ),
        Bars(
            "By reason",
            "What is most failure demand about?",
            Query(f"topk(12, {_BY_REASON})", "{{reason}}"),
        ),
        Bars(
            "By owner",
            "Who can remove the causes? Reasons that the taxonomy does not have are left out.",
            Query(f"sort_desc(sum by (owner) ({_BY_REASON} * {_OWNER}))", "{{owner}}"),
        ),
        Chart(
            "Failure demand by the queue that causes it",
            "Does it grow, and where?",
            (Query("queue:outcome_failure_demand_caused:delta_$span", "{{queue}}"),),
            stacked=True,
            links=QUEUE_SERIES_LINKS,
        ),
        Chart(
            "How a problem comes back",
            "Do customers call again, are cases reopened, or is a solution denied?",
            (
                Query(
                    "sum by (by) (max by (queue, team, channel, handled, window, by)"
                    ' (outcome_recurrences_total{window="$window"}))',
                    "{{by}}, so far",
                ),
            ),
        ),
        Chart(
            "Evidence",
            "Why is it failure demand: was it still open, could the customer not get through, did it come back?",
            (
                Query(
                    "sum by (evidence) (max by (queue, team, channel, reason, demand, evidence)"
                    ' (outcome_demand_total{demand="failure"}))',
                    "{{evidence}}, so far",
                ),
            ),
        ),
        Chart(
            "How soon problems come back",
            "After what time do customers come back with a problem?",
            (
                Query(
                    "histogram_quantile(0.5, sum by (le) (max by (queue, team, channel, handled, le)"
                    " (outcome_recurrence_delay_seconds_bucket)))",
                    "half of them within, so far",
                ),
            ),
            "s",
        ),
    ),
    "Cost": (
        Chart(
            "Cost by cost category",
            "What does failure demand cost, and why does the work exist?",
            (
                Query(
                    "centre_currency_category:outcome_failure_cost_by_category:delta_$span", "{{category}} {{currency}}"
                ),
            ),
            width=8,
            stacked=True,
        ),
        Bars(
            "Cost by reason",
            "What would it be worth to remove a cause?",
            Query(
                "topk(12, centre_currency_reason:outcome_failure_cost_by_reason:delta_$span)", "{{reason}} {{currency}}"
            ),
        ),
        Bars(
            "Cost by the queue that bears it",
            "Who pays for it?",
            Query("sort_desc(queue_currency:outcome_failure_cost:delta_$span)", "{{queue}} {{currency}}"),
        ),
        Chart(
            "Share of handle time and cost",
            "How much of what we do is done because something was not done before?",
            (
                Query("queue_currency:outcome_failure_cost:ratio_$span", "{{queue}}"),
                Query(
                    "sum(max by (queue, team, channel, reason, category) (outcome_failure_handle_seconds_total))"
                    " / centre:legacy_handle_seconds:total",
                    "whole centre, handle time so far",
                ),
            ),
            "percentunit",
        ),
        Chart(
            "Customers who left",
            "How many left without coming back, of those who had a contact?",
            (Query('centre_window:outcome_exited:total{window="$window"}', "so far"),),
        ),
    ),
}
