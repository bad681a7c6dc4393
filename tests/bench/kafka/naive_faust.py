"""The recontact join as a tutorial of Faust would do it: an agent, a topic keyed by customer, another with a table."""

import asyncio
from typing import Any

import faust

from tests.bench.kafka import join
from tests.bench.kafka.meter import Meter
from tests.bench.kafka.task import Task


def run(task: Task, meter: Meter) -> None:
    """Read the log.

    Keyed by contact as it is, what concerns the join has to be sent on by customer, for tables are partitioned as what
    is written to them. The table is in memory, as it is by default.
    """
    found = asyncio.run(_run(task, meter))
    meter.tell(found, f"{task.name}-*-changelog")


async def _run(task: Task, meter: Meter) -> int:
    log = task.log
    app = faust.App(
        task.name,
        broker=f"kafka://{task.bootstrap}",
        store="memory://",
        datadir=task.folder,
        topic_partitions=log.partitions,
        web_enabled=False,
    )
    interactions = app.topic(log.topic, value_serializer="json")
    by_customer = app.topic(f"{task.name}-by-customer", key_type=str, value_serializer="json", internal=True)
    last_end = app.Table("last-end", key_type=str, value_type=float, partitions=log.partitions)
    done = asyncio.Event()
    joined = found = 0

    def look_whether_done() -> None:
        if meter.records == log.records and joined == log.joins:
            meter.end()
            done.set()

    @app.agent(interactions)
    async def regroup(stream: Any) -> None:  # noqa: ANN401 - Faust makes it
        async for event in stream:
            meter.begin()
            if join.concerns(event):
                await by_customer.send(key=event["customer_id"], value=event)
            meter.passed()
            look_whether_done()

    @app.agent(by_customer)
    async def recontacts(stream: Any) -> None:  # noqa: ANN401 - Faust makes it
        nonlocal joined, found
        async for event in stream:
            customer, at = event["customer_id"], join.seconds_of(event)
            if join.ends(event):
                last_end[customer] = at
            else:
                found += join.is_recontact(at, last_end.get(customer))
            joined += 1
            look_whether_done()

    app.finalize()
    await app.start()
    await done.wait()
    await app.stop()
    return found
