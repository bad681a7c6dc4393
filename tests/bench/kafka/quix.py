"""The recontact join in Quix Streams: filtered, grouped by customer, with state in its own store."""

from typing import Any

from quixstreams import Application, State

from tests.bench.kafka import join
from tests.bench.kafka.meter import Meter
from tests.bench.kafka.task import Task

_LAST_END = "last-end"


def run(task: Task, meter: Meter) -> None:
    """Read the log. Keyed by contact as it is, it has to be repartitioned by customer: ``group_by`` does."""
    log = task.log
    app = Application(
        task.bootstrap,
        consumer_group=task.name,
        auto_offset_reset="earliest",
        state_dir=task.folder,
        loglevel="WARNING",
    )
    joined = found = 0

    def concerns(event: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
        meter.begin()
        meter.passed()
        if not join.concerns(event):
            look_whether_done()
            return False
        return True

    def look_whether_done() -> None:
        if meter.records == log.records and joined == log.joins:
            meter.end()
            app.stop()

    def recontacts(event: Any, state: State[str, float]) -> None:  # noqa: ANN401 - whatever JSON holds
        nonlocal joined, found
        at = join.seconds_of(event)
        if join.ends(event):
            state.set(_LAST_END, at)
        else:
            found += join.is_recontact(at, state.get(_LAST_END))
        joined += 1
        look_whether_done()

    stream = app.dataframe(app.topic(log.topic, value_deserializer="json"))
    stream.filter(concerns).group_by("customer_id").update(recontacts, stateful=True)
    app.run()
    meter.tell(found, f"changelog__{task.name}--*")
