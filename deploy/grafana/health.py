"""Monitor health: whether the rest can be trusted."""

from collections.abc import Mapping, Sequence

from deploy.grafana.panels import RUNBOOK_LINKS, Chart, Drawn, Number, Query, Table


def _rate(name: str, by: str, span: str = "5m") -> str:
    return f"max by ({by}) (rate({name}[{span}]))"


HEALTH: Mapping[str, Sequence[Drawn]] = {
    "Now": (
        Number(
            "Behind the clock",
            "How old is what is told?",
            Query("time() - max(monitor_watermark_timestamp_seconds)", ""),
            "s",
            steps=((None, "green"), (300.0, "orange"), (900.0, "red")),
        ),
        Number(
            "Records waiting",
            "How many records are still to be processed?",
            Query("max(monitor_log_end_offset) - max(monitor_log_applied_offset)", ""),
        ),
        Number("Weeks of baseline", "Can spikes be seen yet, and how well?", Query("max(monitor_baseline_weeks)", "")),
        Number(
            "Processes", "How many processes are scraped?", Query("count(monitor_process_start_timestamp_seconds)", "")
        ),
        Number(
            "Rows not exported",
            "Do the exporter and the ledger agree on what is measured?",
            Query("sum(max by (why) (monitor_unexported_rows))", ""),
            steps=((None, "green"), (1.0, "red")),
        ),
        Number("Version", "Which versions run?", Query("max by (version) (monitor_build_info)", "{{version}}")),
        Table(
            "Alerts",
            "What is wrong with the monitor right now? Click on an alert for what to do.",
            {"": ('ALERTS{scope="monitor"}', "none")},
            ("alertname", "alertstate", "severity", "instance"),
            height=6,
            links={"alertname": RUNBOOK_LINKS},
        ),
    ),
    "What comes in": (
        Chart(
            "Events by type",
            "Do events come in, and of which types?",
            (Query(_rate("monitor_events_total", "type"), "{{type}}"),),
            "cps",
            width=8,
            stacked=True,
        ),
        Chart(
            "Could not be used",
            "What do sources send that we cannot use?",
            (Query("max by (reason) (monitor_dead_letters_total)", "{{reason}}, so far"),),
            width=8,
        ),
        Chart(
            "Duplicates, late events, orphans",
            "Does a source send events twice, too late, or without the contact's offer?",
            (
                Query("sum(max by (type) (monitor_duplicate_events_total))", "duplicates, so far"),
                Query("sum(max by (type) (monitor_late_events_total))", "late, so far"),
                Query("sum(max by (type) (monitor_orphan_events_total))", "orphans, so far"),
            ),
            width=8,
        ),
        Chart(
            "Restated",
            "How often does what was published turn out to be wrong?",
            (Query("max by (window) (monitor_restatements_total)", "{{window}}, so far"),),
            width=8,
        ),
        Chart(
            "Limits reached",
            "Are label budgets and what is kept of a customer enough?",
            (
                Query("max by (label) (monitor_label_overflow_total)", "{{label}}: beyond the budget"),
                Query("max(monitor_evicted_contacts_total)", "contacts forgotten early"),
            ),
            width=8,
        ),
        Chart(
            "State",
            "How much state is there, and is it bounded?",
            (
                Query("max(monitor_state_rows)", "states"),
                Query("max(monitor_open_timers)", "verdicts to come"),
            ),
            width=8,
        ),
    ),
    "Workers of the Kafka engine": (
        Chart(
            "Lag by topic",
            "Do the workers keep up?",
            (Query("sum by (topic) (monitor_worker_lag_records)", "{{topic}}"),),
            width=8,
        ),
        Chart(
            "Slowest partition",
            "Does one partition hold up all?",
            (
                Query("time() - min(monitor_worker_watermark_timestamp_seconds)", "behind the clock"),
                Query(
                    "time() - min(monitor_worker_oldest_uncommitted_timestamp_seconds) or vector(0)",
                    "oldest uncommitted",
                ),
            ),
            "s",
            width=8,
        ),
        Chart(
            "Partitions and recovery",
            "Is the work spread evenly, and does anybody recover?",
            (
                Query("monitor_worker_assigned_partitions", "{{instance}}"),
                Query("sum(monitor_worker_recovery_remaining_records)", "records to recover"),
            ),
            width=8,
        ),
        Chart(
            "Time of batches",
            "Where does the time go?",
            (Query("sum by (phase) (rate(monitor_worker_batch_seconds_total[5m]))", "{{phase}}"),),
            "none",
            width=8,
        ),
        Chart(
            "Records and batches",
            "How large are the batches?",
            (
                Query("sum(rate(monitor_worker_records_total[5m]))", "records a second"),
                Query("sum(rate(monitor_worker_batches_total[5m]))", "batches a second"),
            ),
            "cps",
            width=8,
        ),
        Chart(
            "Troubles",
            "What goes wrong between us and the brokers?",
            (
                Query("sum by (result) (rate(monitor_worker_transactions_total[5m]))", "transactions {{result}}"),
                Query("sum by (error) (rate(monitor_worker_failures_total[5m])) or vector(0)", "failures {{error}}"),
                Query("sum(rate(monitor_worker_rebalances_total[5m]))", "rebalances"),
                Query("sum(rate(monitor_worker_lost_records_total[5m])) or vector(0)", "records lost to retention"),
                Query("sum(rate(monitor_worker_dead_letters_total[5m]))", "dead letters"),
            ),
            "cps",
            width=8,
        ),
        Chart(
            "Local state",
            "How much do workers keep on disk and in memory?",
            (Query("sum by (kind) (monitor_worker_shelf_bytes)", "{{kind}}"),),
            "bytes",
            width=8,
        ),
    ),
}
