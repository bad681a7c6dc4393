"""How the Kafka engine scales: ``python -m tests.bench.kafka.scale state|workers|soak``.

``state`` fills the state with open problems and sees what they cost; ``workers`` has several workers process one log;
``soak`` keeps one under a steady load and sees whether it grows. Workers are processes as they are run in earnest,
beside one broker, whose share of the machine is not in any figure.
"""

import argparse
import asyncio
import logging
import sys

from rich.console import Console

from deploy.kafka.broker import BrokerError
from deploy.kafka.cluster import Cluster
from deploy.kafka.java import SetupError
from tests.bench.command import CommandError
from tests.bench.kafka import open_problems, soak, spread
from tests.bench.kafka.broker import broker


def main() -> int:
    """Print a table; return 1 if something went wrong."""
    options = _options()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it tries again is no news
    out = Console(width=None if sys.stdout.isatty() else 130, highlight=False)
    try:
        with broker() as cluster:
            asyncio.run({"state": _state, "workers": _workers, "soak": _soak}[options.what](cluster, options, out))
    except KeyboardInterrupt:
        return 130
    except (BrokerError, SetupError, CommandError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-kafka-scale", description=__doc__)
    parser.add_argument("--partitions", type=int, default=12, help="of every topic (default: 12)")
    parser.add_argument("--deadline", type=float, default=1800.0, help="seconds for each step (default: 1,800)")
    commands = parser.add_subparsers(dest="what", required=True)
    state = commands.add_parser("state", help="open problems: speed, memory, disk, recovery")
    state.add_argument("--open", type=int, nargs="+", default=[100_000, 1_000_000], help="open problems")
    state.add_argument("--events", type=int, default=100_000, help="on top of them (default: 100,000)")
    workers = commands.add_parser("workers", help="several workers against one")
    workers.add_argument("--counts", type=int, nargs="+", default=[1, 2, 4], help="of workers (default: 1 2 4)")
    workers.add_argument("--events", type=int, default=200_000, help="in the log (default: 200,000)")
    workers.add_argument("--repeat", type=int, default=3, help="runs of each (default: 3)")
    steady = commands.add_parser("soak", help="growth under a steady load")
    steady.add_argument("--minutes", type=float, default=30.0, help="of load (default: 30)")
    steady.add_argument("--rate", type=float, default=2_000.0, help="events a second (default: 2,000)")
    return parser.parse_args()


async def _state(cluster: Cluster, options: argparse.Namespace, out: Console) -> None:
    course = open_problems.Course(cluster, max(options.open), options.events, options.partitions, options.deadline)
    found = []
    with Console(stderr=True).status("") as status:
        for customers in options.open:

            def watch(what: str, title: str = f"{customers:,} open problems: ") -> None:
                status.update(title + what)

            found.append(await open_problems.measure(course, customers, watch))
            out.print(open_problems.table(found))


async def _workers(cluster: Cluster, options: argparse.Namespace, out: Console) -> None:
    runs: dict[int, list[spread.Spread]] = {count: [] for count in options.counts}
    with Console(stderr=True).status("") as status:
        for turn in range(1, options.repeat + 1):
            for count in options.counts:
                status.update(f"{count} workers, {turn} of {options.repeat}")
                runs[count].append(
                    await spread.measure(cluster, count, options.events, options.partitions, options.deadline)
                )
    out.print(spread.table(runs))


async def _soak(cluster: Cluster, options: argparse.Namespace, out: Console) -> None:
    async for line in soak.run(cluster, options.minutes, options.rate, options.partitions):
        out.print(line)


if __name__ == "__main__":
    sys.exit(main())
