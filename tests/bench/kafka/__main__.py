"""How fast the Kafka engine is beside others: ``python -m tests.bench.kafka``.

One broker, one log, one process at a time, from the beginning of the log to its end; repeats are interleaved, and the
table has their medians. All but ours do the recontact join alone: when did a customer's last contact end, and does the
next begin within 7 days? Ours does everything. CPU is that of the contestant without the broker's.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from rich.console import Console

from deploy.kafka.broker import BrokerError
from deploy.kafka.java import SetupError
from tests.bench.kafka.broker import broker
from tests.bench.kafka.contestant import MODULES
from tests.bench.kafka.log import fill
from tests.bench.kafka.race import Course, Result, Unfinished, run
from tests.bench.kafka.table import table

_TOPIC = "bench-interactions"


def main() -> int:
    """Print the table; return 1 if somebody did not get to the end."""
    parser = argparse.ArgumentParser(prog="make bench-kafka", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="in the log (default: 200,000)")
    parser.add_argument("--partitions", type=int, default=4, help="of the log (default: 4)")
    parser.add_argument(
        "--repeat", type=int, choices=range(1, 100), metavar="N", default=3, help="runs of each (default: 3)"
    )
    parser.add_argument("--deadline", type=float, default=300.0, help="seconds for each run (default: 300)")
    parser.add_argument("--only", choices=MODULES, nargs="+", default=[*MODULES], help="whom (default: all)")
    options = parser.parse_args()
    try:
        with broker() as cluster:
            log = asyncio.run(fill(cluster.bootstrap, _TOPIC, options.partitions, options.events))
            course = Course(cluster.bootstrap, cluster.folder, log, options.deadline)
            runs = _race(course, options.only, options.repeat)
    except KeyboardInterrupt:
        return 130
    except (BrokerError, SetupError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    out = Console(width=None if sys.stdout.isatty() else 130, highlight=False)
    out.print(
        f"{log.records:,} events in {log.partitions} partitions of one broker, {log.joins:,} of them in the join;"
        f" medians of {options.repeat}"
    )
    out.print(table(runs, log))
    unfinished = {name: [one for one in own if isinstance(one, Unfinished)] for name, own in runs.items()}
    for name, own in unfinished.items():
        for one in own:
            out.print(f"{name}: {one.why}", markup=False)
    return int(any(unfinished.values()))


def _race(course: Course, names: Sequence[str], repeat: int) -> dict[str, list[Result | Unfinished]]:
    """Run them all, one after the other, again and again; first the simplest one for the broker to warm up by."""
    runs: dict[str, list[Result | Unfinished]] = {name: [] for name in names}
    turns = [(0, "bare"), *((turn, name) for turn in range(1, repeat + 1) for name in names)]
    with Console(stderr=True).status("") as status:
        for turn, name in turns:

            def watch(records: int, where: str = f"{name}, {turn} of {repeat}") -> None:
                status.update(f"{where}: {records:,} of {course.log.records:,} events")

            watch(0)
            one = run(name, course, watch)
            if turn:
                runs[name].append(one)
    return runs


if __name__ == "__main__":
    sys.exit(main())
