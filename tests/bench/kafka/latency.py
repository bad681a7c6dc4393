"""How soon an event is in the ledger: ``make bench-kafka-latency``.

Events are produced at a steady rate, by default at half the speed at which a worker gets through a log (measured first,
as ``make bench-kafka`` does). Both latencies of an event begin when the broker has appended it. It is counted with the
first report in the ledger's topic that includes it and could be read by somebody who reads what was committed. All that
it changes (demand, verdicts, what they cost) is in the ledger once every partition has settled what happened up to
then; that includes the wait for events that are out of order, which is short here: the log's time runs much faster than
the clock.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final
from uuid import uuid4

from rich.console import Console

from deploy.kafka.broker import BrokerError
from deploy.kafka.cluster import Cluster
from deploy.kafka.java import SetupError
from streams.domain.units import Millis
from tests.bench.child import ChildError, child
from tests.bench.kafka.broker import broker
from tests.bench.kafka.delays import Reports, appended, histogram, quantile, until_counted, until_settled
from tests.bench.kafka.log import create, fill
from tests.bench.kafka.race import Course, Result, run

_READY_S: Final = 120.0
_SPARE_S: Final = 60.0


def main() -> int:
    """Print quantiles and a histogram."""
    parser = argparse.ArgumentParser(prog="make bench-kafka-latency", description=__doc__)
    parser.add_argument("--rate", type=float, help="events a second (default: half of what it can do)")
    parser.add_argument("--events", type=int, default=100_000, help="to measure that by (default: 100,000)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long it is measured (default: 60)")
    parser.add_argument("--warm-up", type=float, default=5.0, help="seconds before that (default: 5)")
    parser.add_argument("--partitions", type=int, default=4, help="of the log (default: 4)")
    options = parser.parse_args()
    status = Console(stderr=True).status("starting a broker")
    try:
        with status, broker() as cluster:
            rate = options.rate
            if rate is None:
                status.update("measuring what it can do")
                rate = _speed(cluster, options.partitions, options.events) / 2
            seconds = options.seconds + options.warm_up
            status.update(f"producing {rate:,.0f} events/s for {seconds:g} s")
            measuring = _measure(cluster, options.partitions, rate, seconds, options.warm_up)
            lines = asyncio.run(measuring)
    except KeyboardInterrupt:
        return 130
    except (BrokerError, ChildError, SetupError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    print("\n".join(lines))
    return 0


def _speed(cluster: Cluster, partitions: int, events: int) -> float:
    log = asyncio.run(fill(cluster.bootstrap, "speed-interactions", partitions, events))
    result = run("ours", Course(cluster.bootstrap, cluster.folder, log, 10 * _SPARE_S), lambda _: None)
    if not isinstance(result, Result):
        raise ChildError(result.why)
    return result.events_per_s


async def _measure(cluster: Cluster, partitions: int, rate: float, seconds: float, warm_up: float) -> list[str]:
    bootstrap = cluster.bootstrap
    name = f"latency-{uuid4().hex[:8]}"
    topic = f"{name}.interactions"
    await create(bootstrap, topic, partitions)
    pacing = ("tests.bench.kafka.pacer", bootstrap, topic, str(partitions), str(rate), str(seconds))
    with tempfile.TemporaryDirectory(prefix=name) as folder, child(*pacing) as pacer:
        await asyncio.to_thread(pacer.wait_for, "ready", _READY_S)
        serving = ("tests.bench.kafka.serving", bootstrap, name, topic, str(partitions), folder)
        with child(*serving) as worker:
            await asyncio.to_thread(worker.wait_for, "ready", _READY_S)
            reports = Reports(bootstrap, f"{name}.ledger", partitions)
            following = asyncio.create_task(reports.follow())
            pacer.go()
            produced = await asyncio.to_thread(pacer.wait_for, "produced", seconds + _SPARE_S)
            ends = dict(enumerate(produced["ends"]))
            if not await reports.wait_for(ends, produced["until"], _SPARE_S):
                what = f"was not done {_SPARE_S:g} s after the last event"
                raise worker.trouble(what)
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
            worker.end()
    events = await appended(bootstrap, topic, partitions)
    since = min(own[0].at for own in events.values() if own) + warm_up * 1000
    counted = [one for partition, own in events.items() for one in until_counted(own, reports.told[partition])]
    settled = until_settled((event for own in events.values() for event in own), reports.told)
    late_ms = produced["late"] * 1000
    return [
        f"{rate:,.0f} events/s into {partitions} partitions, {len(counted):,} events",
        f"the producer was at most {late_ms:,.0f} ms behind",
        *_lines("from event to counted", counted, since),
        *_lines("from event to all that it changes", settled, since),
    ]


def _lines(title: str, delays: Iterable[tuple[Millis, float]], since: float) -> Iterator[str]:
    took = sorted(delay for at, delay in delays if at >= since)
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    yield f"{title}: " + ", ".join(f"{share} {quantile(took, q):,.0f} ms" for share, q in shares.items())
    yield from histogram(took)


if __name__ == "__main__":
    sys.exit(main())
