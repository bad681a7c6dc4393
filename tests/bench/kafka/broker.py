"""The broker that is measured against: one, with more memory than for tests, that keeps all that was written."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

from deploy.kafka.cluster import Cluster

_FLAGS: Final = ("-Xms1g", "-Xmx1g", "-XX:TieredStopAtLevel=4")
"""Enough memory that it never waits for the collector, and the compiler that pays off under load."""
_OVERRIDES: Final = {"log.cleaner.backoff.ms": str(24 * 3_600_000)}
"""Nothing is compacted: the sizes of logs are what was written."""


@contextmanager
def broker() -> Iterator[Cluster]:
    """Run a broker until the end of the block, also where we are asked to terminate in it."""
    signal.signal(signal.SIGTERM, _interrupt)
    with Cluster(1, flags=_FLAGS, overrides=_OVERRIDES) as cluster:
        yield cluster


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
