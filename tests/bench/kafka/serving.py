"""A worker in a process of its own that follows a log until its standard input is closed.

Run by the benchmarks as ``python -m tests.bench.kafka.serving BOOTSTRAP NAME TOPIC PARTITIONS FOLDER``.
"""

import asyncio
import logging
import sys

from streams.domain.policy import Policy
from streams.engines.garbage import collect_seldom
from streams.engines.kafka import topics
from streams.engines.kafka.config import KafkaConfig
from streams.engines.kafka.connection import connection
from streams.engines.kafka.worker import Worker
from tests.bench.child import say
from tests.bench.kafka.ours import config

_LOOK_S = 0.1


def main() -> None:
    """Say when all partitions are worked on, and go on."""
    bootstrap, name, topic, partitions, folder = sys.argv[1:]
    logging.basicConfig(level=logging.WARNING)
    collect_seldom()  # as our command does
    asyncio.run(_run(config(bootstrap, name, topic, int(partitions), folder)))


async def _run(settings: KafkaConfig) -> None:
    await topics.create(settings, connection(settings))
    worker = Worker(settings, Policy())
    closed = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    working = asyncio.create_task(worker.run(closed.done))
    while len({tp.partition for tp in worker.processed()}) < settings.partitions:
        if working.done():
            break
        await asyncio.sleep(_LOOK_S)
    say({"ready": True})
    await working


if __name__ == "__main__":
    main()
