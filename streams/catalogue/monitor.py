"""The monitor's own health."""

from streams.catalogue.metric import Kind, Metric, NoTwin
from streams.domain import measures as m

WATERMARK = "monitor_watermark_timestamp_seconds"
BUILD_INFO = "monitor_build_info"
UNEXPORTED = "monitor_unexported_rows"

_OWN_HEALTH = NoTwin("health of the monitor itself")


def _metric(kind: Kind, name: str, labels: tuple[str, ...], help_text: str, question: str) -> Metric:
    return Metric(name, kind, "monitor", labels, help_text, question, _OWN_HEALTH)


METRICS: tuple[Metric, ...] = (
    _metric("counter", m.EVENTS, ("type",), "Events read from the log.", "Do events come in, and of which types?"),
    _metric(
        "counter",
        m.DUPLICATES,
        ("type",),
        "Events that had been seen before and were ignored.",
        "Does a source send events twice?",
    ),
    _metric(
        "counter",
        m.LATE,
        ("type",),
        "Events that came later than the allowed lateness.",
        "Is the allowed lateness enough?",
    ),
    _metric(
        "counter",
        m.DEAD_LETTERS,
        ("reason",),
        "Records that could not be used and went to the dead letters.",
        "What do sources send that we cannot use?",
    ),
    _metric(
        "counter",
        m.RESTATEMENTS,
        ("window",),
        "Matured verdicts that late facts changed.",
        "How often does what was published turn out to be wrong?",
    ),
    _metric(
        "counter",
        m.LABEL_OVERFLOW,
        ("label",),
        "Label values beyond the budget, counted as other: once for each contact that gets one, or event of staff.",
        "Is the label budget enough?",
    ),
    _metric(
        "counter",
        m.EVICTED,
        (),
        "Contacts forgotten because their customer had too many.",
        "Does a customer exceed what is kept of each?",
    ),
    _metric(
        "counter",
        m.ORPHANS,
        ("type",),
        "Events of a contact whose offer has not been seen.",
        "Does a source lose offers, or send them late?",
    ),
    _metric(
        "gauge",
        WATERMARK,
        (),
        "Time before which everything was processed, in seconds since the Unix epoch.",
        "How far behind the clock is the monitor?",
    ),
    _metric("gauge", "monitor_log_end_offset", (), "Offset after the last record of the log.", "How long is the log?"),
    _metric(
        "gauge",
        "monitor_log_applied_offset",
        (),
        "Offset after the last record that was processed.",
        "How many records wait to be processed?",
    ),
    _metric("gauge", "monitor_state_rows", (), "States that are kept.", "How much state is there, and is it bounded?"),
    _metric("gauge", "monitor_open_timers", (), "Timers that wait for their time.", "How many verdicts are to come?"),
    _metric(
        "gauge",
        UNEXPORTED,
        ("why",),
        "Rows of the ledger that the exporter could not place: unknown name, wrong labels, unexpected retraction, or"
        " negative: more retracted than added.",
        "Do the exporter and the ledger agree on what is measured?",
    ),
    _metric("gauge", BUILD_INFO, ("version",), "Always 1; its label says which version runs.", "Which version runs?"),
)
