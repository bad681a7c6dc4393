"""The ceiling: aiokafka alone fetches, and every record is decoded as ours does."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.contracts.decode import decode
from tests.bench.kafka.meter import Meter
from tests.bench.kafka.task import Task


def run(task: Task, meter: Meter) -> None:
    """Read the log."""
    asyncio.run(_run(task, meter))
    meter.tell(None)


async def _run(task: Task, meter: Meter) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=task.bootstrap, auto_offset_reset="earliest", max_partition_fetch_bytes=4 << 20
    )
    await consumer.start()
    consumer.assign([TopicPartition(task.log.topic, partition) for partition in range(task.log.partitions)])
    while meter.records < task.log.records:
        for records in (await consumer.getmany(timeout_ms=100)).values():
            meter.begin()
            for record in records:
                decode(record.value, record.timestamp)
            meter.passed(len(records))
    meter.end()
    await consumer.stop()
