"""Simulated events at a steady rate, whatever becomes of them: from a process of its own, once it is told to go.

After the last one come the ticks that let all of them be settled.

Run by the benchmarks as ``python -m tests.bench.kafka.pacer BOOTSTRAP TOPIC PARTITIONS RATE SECONDS``.
"""

import asyncio
import gc
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaProducer

from streams.domain.units import SECOND
from tests.bench.child import say
from tests.bench.kafka.join import seconds_of
from tests.bench.kafka.log import Record, ending, simulated

_EVERY_S: Final = 0.01
_BATCH: Final = 512 * 1024


def main() -> None:
    """Say when all is made, wait for a line, produce; say how many events it was, and how late one was at most."""
    bootstrap, topic, partitions, rate, seconds = sys.argv[1:]
    records = list(simulated(int(float(rate) * float(seconds)), int(partitions)))
    until = 1 + max(round(seconds_of(orjson.loads(record.value)) * SECOND) for record in records)
    gc.freeze()
    say({"ready": True})
    if sys.stdin.readline():
        ticks = ending(until, int(partitions))
        late = asyncio.run(_pace(bootstrap, topic, records, ticks, float(rate)))
        ends = Counter(record.partition for record in (*records, *ticks))
        say({"produced": {"late": late, "until": until, "ends": [ends[n] for n in range(int(partitions))]}})


async def _pace(bootstrap: str, topic: str, records: Sequence[Record], ticks: Sequence[Record], rate: float) -> float:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=_BATCH)
    await producer.start()
    clock = asyncio.get_running_loop().time
    begun = clock()
    late = 0.0
    done = n = 0
    while done < len(records):
        n += 1
        due = begun + n * _EVERY_S
        await asyncio.sleep(due - clock())
        late = max(late, clock() - due)
        until = int(n * _EVERY_S * rate)
        await _send(producer, topic, records[done:until])
        done = until
    await _send(producer, topic, ticks)
    await producer.flush()
    await producer.stop()
    return late


async def _send(producer: AIOKafkaProducer, topic: str, records: Sequence[Record]) -> None:
    batches: dict[int, Any] = {}
    for partition, key, value in records:
        batch = batches.get(partition) or batches.setdefault(partition, producer.create_batch())
        batch.append(key=key, value=value, timestamp=None)
    for partition, batch in batches.items():
        await producer.send_batch(batch, topic, partition=partition)


if __name__ == "__main__":
    main()
