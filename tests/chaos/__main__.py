"""``make chaos``: the fault suite on real Kafka, each fault several times with different seeds, as a table."""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path
from time import monotonic

from deploy.kafka.cluster import Cluster
from tests.chaos.scenarios import ALL, Scenario


def main() -> int:
    """Run the suite; return 1 if anything was not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="how often each fault is run (default: 3)")
    parser.add_argument("--first-seed", type=int, default=1, help="of the first run (default: 1)")
    parser.add_argument("--only", default="", help="letters of the faults, such as ace (default: all)")
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that brokers are away is what is to happen
    wanted = [scenario for scenario in ALL if not options.only or scenario.name[0] in options.only]
    sys.stdout.write(f"{'fault':60} {'seed':>5} {'events':>8} {'seconds':>8}  result\n")
    failed = 0
    for scenario in wanted:
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            failed += not _run(scenario, seed)
    sys.stdout.write(f"{failed} failed\n" if failed else "all equal to the undisturbed run\n")
    return 1 if failed else 0


def _run(scenario: Scenario, seed: int) -> bool:
    began = monotonic()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    events: object = ""
    try:
        with Cluster(scenario.brokers) as cluster:
            events = asyncio.run(scenario.run(cluster, folder / "site", seed))
            result = "equal"
    except AssertionError as error:
        result = f"WRONG (see {folder}): {error}"
    sys.stdout.write(f"{scenario.name:60} {seed:5} {events:>8} {monotonic() - began:8.1f}  {result}\n")
    sys.stdout.flush()
    return result == "equal"


if __name__ == "__main__":
    sys.exit(main())
