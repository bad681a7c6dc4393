"""A contestant in a process of its own: ``python -m tests.bench.kafka.contestant NAME TASK``."""

import importlib
import logging
import sys
from contextlib import redirect_stdout
from typing import Final

from streams.engines.garbage import collect_seldom
from tests.bench.kafka.meter import Meter
from tests.bench.kafka.task import Task

MODULES: Final = {
    "bare": "tests.bench.kafka.bare",
    "faust": "tests.bench.kafka.naive_faust",
    "quix": "tests.bench.kafka.quix",
    "ours": "tests.bench.kafka.ours",
}
"""The contestants by name. Only one is imported, so that its memory is its own."""


def main() -> None:
    """Run one."""
    name, task = sys.argv[1:]
    logging.basicConfig(level=logging.WARNING)
    meter = Meter(sys.stdout)
    with redirect_stdout(sys.stderr):
        module = importlib.import_module(MODULES[name])
        collect_seldom()  # for all of them, as our command does for us
        module.run(Task.load(task), meter)


if __name__ == "__main__":
    main()
