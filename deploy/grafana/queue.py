"""Queue: one of them in detail."""

from collections.abc import Mapping, Sequence

from deploy.grafana.panels import Bars, Chart, Drawn, Number, Query, Table

_Q = '{queue="$queue"}'
_QW_HANDLED = '{queue="$queue", window="$window", handled="true"}'
_QW = '{queue="$queue", window="$window"}'

QUEUE: Mapping[str, Sequence[Drawn]] = {
    "Is it solved?": (
        Chart(
            "Stays solved for $window: live, with its interval and what is pending",
            "What share of the contacts of $queue stays solved? The band is the 95 % interval of the live estimate; at"
            " least and at most are what it can turn out to be for contacts of the last window and week; pending is the"
            " share of those that can still fail.",
            (
                Query(f"queue_window:outcome_resolution:live{_QW}", "live"),
                Query(f"queue_window:outcome_resolution:live_low{_QW}", "live, low", "low"),
                Query(f"queue_window:outcome_resolution:live_high{_QW}", "live, high", "high"),
                Query(f"queue_window:outcome_resolution:at_least{_QW}", "at least"),
                Query(f"queue_window:outcome_resolution:at_most{_QW}", "at most"),
                Query(f"queue_window:outcome_pending:ratio{_QW}", "pending"),
                Query(f"1 - queue_window:outcome_failure_objective:ratio{_QW}", "objective"),
            ),
            "percentunit",
            width=14,
            height=10,
            highest=1,
        ),
        Chart(
            "Matured",
            "What share stayed solved of the contacts whose window has passed? Late, and for certain.",
            (
                Query(f"queue_window:outcome_resolution:matured{_QW}", "matured"),
                Query(f"queue_window:outcome_resolution:matured_low{_QW}", "matured, low", "low"),
                Query(f"queue_window:outcome_resolution:matured_high{_QW}", "matured, high", "high"),
            ),
            "percentunit",
            width=10,
            height=10,
            highest=1,
        ),
        Bars(
            "Age of pending contacts",
            "How far are the contacts of $queue that have not failed on their way to a verdict?",
            Query(f"max by (age) (outcome_queue_pending_by_age{_Q})", "{{age}}"),
            width=6,
        ),
        Number(
            "The live estimate looks back",
            "How recent is what the live estimate rests on?",
            Query(f"max(outcome_queue_live_period_seconds{_QW_HANDLED})", ""),
            "s",
            width=4,
            height=9,
        ),
        Chart(
            "Pending",
            "How many contacts of $queue can still fail?",
            (Query('queue_window:outcome_pending:sum{queue="$queue"}', "{{window}}"),),
            width=7,
            height=9,
        ),
        Chart(
            "Failed although an output spoke well of it",
            "How much of what $queue claimed resolved, met its SLA with or answered in time failed within $window?",
            (Query(f"queue_window_claim:outcome_claimed_failed:ratio_$span{_QW}", "{{claim}}"),),
            "percentunit",
            width=7,
            height=9,
        ),
    ),
    "Snowball: what comes in, and what is sent out": (
        Chart(
            "In: demand by kind",
            "How much of what arrives at $queue is failure demand, whoever caused it?",
            (
                Query(f"queue:outcome_failure_demand:ratio_$span{_Q}", "failure"),
                Query(f"queue:outcome_value_demand:ratio_$span{_Q}", "value"),
                Query(f"queue:outcome_unclassified_demand:ratio_$span{_Q}", "unclassified"),
                Query(f"max(outcome_failure_share_expected_ratio{_Q})", "failure, usual"),
            ),
            "percentunit",
            width=8,
        ),
        Chart(
            "Out: failure demand caused, per contact handled",
            "How much work does $queue make for itself and others?",
            (Query(f"queue:outcome_failure_demand_caused:per_handled_$span{_Q}", "caused per handled"),),
            "percentunit",
            width=8,
        ),
        Chart(
            "Out: by reason",
            "About what do customers come back to what $queue had done?",
            (Query(f"queue_reason:outcome_failure_demand_by_reason:delta_$span{_Q}", "{{reason}}"),),
            width=8,
            stacked=True,
        ),
        Chart(
            "Excess of failure demand over what is usual",
            "Is there a spike? An alarm is raised when the excess reaches its limit, and ends at half of it.",
            (
                Query(f"max by (reason) (outcome_failure_demand_excess{_Q})", "{{reason}}"),
                Query(f"max by (reason) (outcome_failure_demand_excess_limit{_Q})", "{{reason}}: limit"),
            ),
            height=9,
        ),
        Chart(
            "Excess of the share over what is usual",
            "Does more of what arrives at $queue come back than usual?",
            (
                Query(f"max(outcome_failure_share_excess{_Q})", "excess"),
                Query(f"max(outcome_failure_share_excess_limit{_Q})", "limit"),
            ),
            height=9,
        ),
    ),
    "Time and effort": (
        Chart(
            "Time to resolution",
            "How long does a customer of $queue live with a problem?",
            (Query(f"queue_window:outcome_problem_seconds:mean_$span{_QW}", "mean"),),
            "s",
            width=8,
        ),
        Chart(
            "Contacts per resolved problem",
            "How many contacts does it take to solve a problem?",
            (Query(f"queue_window:outcome_contacts_per_resolved_problem:ratio_$span{_QW}", "contacts"),),
            width=8,
        ),
        Chart(
            "Customer effort",
            "How much of their own time does a problem cost customers, and each contact?",
            (
                Query(f"queue_window:outcome_effort_seconds:mean_$span{_QW}", "of a problem"),
                Query(f"queue:outcome_effort_seconds_of_contacts:mean_$span{_Q}", "of a contact"),
            ),
            "s",
            width=8,
        ),
    ),
    "What the industry watches": (
        Chart(
            "Service level, by every usual formula; SLA",
            "What share was answered in time?",
            (
                Query(f"queue:legacy_service_level:ratio_$span{_Q}", "{{formula}}"),
                Query(f"queue:legacy_sla_met:ratio_$span{_Q}", "SLA met"),
                Query(f"queue:legacy_service_level_objective:ratio{_Q}", "objective"),
            ),
            "percentunit",
            width=8,
            highest=1,
        ),
        Chart(
            "Handle time and its parts",
            "How long does a contact take us, and with what?",
            (
                Query(f"queue:legacy_talk_seconds:mean_$span{_Q}", "talk"),
                Query(f"queue:legacy_hold_seconds:mean_$span{_Q}", "hold"),
                Query(f"queue:legacy_wrap_seconds:mean_$span{_Q}", "wrap"),
            ),
            "s",
            width=8,
            stacked=True,
        ),
        Chart(
            "Queue time",
            "How long do customers wait?",
            (
                Query(f"queue:legacy_queue_seconds:mean_$span{_Q}", "queue time"),
                Query(f"queue:legacy_answer_seconds:mean_$span{_Q}", "queue time of the answered"),
                Query(f"queue:legacy_first_response_seconds:mean_$span{_Q}", "first response"),
            ),
            "s",
            width=8,
        ),
        Chart(
            "Abandonment, transfers, claimed resolution",
            "How many give up, how many are passed on, how many are claimed to be resolved?",
            (
                Query(f"queue:legacy_abandonment:ratio_$span{_Q}", "abandoned"),
                Query(f"queue:legacy_transfer:ratio_$span{_Q}", "transferred"),
                Query(f"queue:legacy_transfers:per_handled_$span{_Q}", "passed on from here, per handled"),
                Query(f"queue:legacy_claimed_resolution:ratio_$span{_Q}", "claimed resolved"),
            ),
            "percentunit",
            width=8,
        ),
        Table(
            "How sure is the link?",
            "What joined the contacts of $queue to a problem, and why could others not be joined?",
            {
                "linked": (f"max by (queue, team, channel, link) (outcome_linked_total{_Q})", "short"),
            },
            ("link",),
            width=12,
            height=7,
        ),
        Table(
            "Not linked",
            "Of how many contacts of $queue will no outcome be known, and why?",
            {
                "contacts": (
                    f"max by (queue, team, channel, handled, why) (outcome_unlinkable_total{_Q})",
                    "short",
                ),
            },
            ("why", "handled"),
            width=12,
            height=7,
        ),
    ),
}
