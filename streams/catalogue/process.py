"""What every process of the monitor tells of itself, whatever it does."""

from streams.catalogue.metric import Metric, NoTwin

START = "monitor_process_start_timestamp_seconds"

METRICS: tuple[Metric, ...] = (
    Metric(
        START,
        "gauge",
        "worker",
        (),
        "Time at which this process was started, in seconds since the Unix epoch.",
        "Does it keep restarting?",
        NoTwin("health of the monitor itself"),
    ),
)
