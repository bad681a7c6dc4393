"""How each worker of the Kafka engine does: counted by the process, not by the ledger, so they begin anew with it."""

from streams.catalogue.metric import Kind, Metric, NoTwin

ASSIGNED = "monitor_worker_assigned_partitions"
LAG = "monitor_worker_lag_records"
WATERMARK_OF = "monitor_worker_watermark_timestamp_seconds"
OLDEST = "monitor_worker_oldest_uncommitted_timestamp_seconds"
RECOVERING = "monitor_worker_recovery_remaining_records"
REBALANCES = "monitor_worker_rebalances_total"
FAILURES = "monitor_worker_failures_total"
BATCHES = "monitor_worker_batches_total"
RECORDS = "monitor_worker_records_total"
BATCH_SECONDS = "monitor_worker_batch_seconds_total"
TRANSACTIONS = "monitor_worker_transactions_total"
REFUSED = "monitor_worker_dead_letters_total"
LOST = "monitor_worker_lost_records_total"
SHELF_BYTES = "monitor_worker_shelf_bytes"

_OWN_HEALTH = NoTwin("health of the monitor itself")


def _metric(kind: Kind, name: str, labels: tuple[str, ...], help_text: str, question: str) -> Metric:
    return Metric(name, kind, "worker", labels, help_text, question, _OWN_HEALTH)


METRICS: tuple[Metric, ...] = (
    _metric("gauge", ASSIGNED, (), "Partitions that this worker processes.", "Is the work spread evenly?"),
    _metric(
        "gauge",
        LAG,
        ("topic", "partition"),
        "Records that wait in a topic, by the end of the topic as the broker tells it.",
        "Does the worker keep up?",
    ),
    _metric(
        "gauge",
        WATERMARK_OF,
        ("partition",),
        "Time before which a partition was processed, in seconds since the Unix epoch.",
        "Which partition holds up the others?",
    ),
    _metric(
        "gauge",
        OLDEST,
        (),
        "When the oldest record that is not committed yet was written, in seconds since the Unix epoch.",
        "How long does it take until a record counts?",
    ),
    _metric(
        "gauge",
        RECOVERING,
        (),
        "Records of changelogs that must be read before work goes on.",
        "How long will recovery take?",
    ),
    _metric("counter", REBALANCES, (), "Times that partitions were assigned anew.", "Do workers come and go?"),
    _metric(
        "counter",
        FAILURES,
        ("error",),
        "Times that a partition began again from what was committed.",
        "Are the brokers in trouble?",
    ),
    _metric("counter", BATCHES, (), "Batches that were processed.", "How large are batches?"),
    _metric("counter", RECORDS, ("topic",), "Records that were processed.", "How fast does the worker work?"),
    _metric(
        "counter",
        BATCH_SECONDS,
        ("phase",),
        "Time spent on batches.",
        "Does processing take the time, or writing?",
    ),
    _metric(
        "counter", TRANSACTIONS, ("result",), "Transactions, committed or failed.", "Do the brokers take what we write?"
    ),
    _metric(
        "counter", REFUSED, ("reason",), "Records that went to the dead letters.", "Which worker meets bad records?"
    ),
    _metric(
        "counter",
        LOST,
        ("topic",),
        "Records that the broker kept no longer when they were to be processed.",
        "Is what we tell complete?",
    ),
    _metric("gauge", SHELF_BYTES, ("kind",), "Size of the local copies of state.", "Do disk and memory suffice?"),
)
