"""Kafka for tests: a broker that is named, or one of our own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from deploy.kafka.cluster import Cluster
from deploy.kafka.java import Java, SetupError

NAMED = "OUTCOME_MONITOR_TEST_KAFKA"
"""The variable that names a broker to test against, as host:port; one that demands neither TLS nor a password."""
REQUIRE = "REQUIRE"
"""The variable that says, with ``all``, that no test may be skipped."""


@contextmanager
def lent_broker() -> Iterator[str]:
    """Lend the address of a broker, which may hold the topics of others.

    Raises:
        SetupError: None is named, and one of our own can't be had.
    """
    if named := os.environ.get(NAMED):
        yield named
    else:
        with Cluster() as cluster:
            yield cluster.bootstrap


def why_none() -> str | None:
    """Return why no broker can be started here; ``None`` where one can. Fetches the jars, the first time."""
    try:
        Java()
    except SetupError as error:
        return f"no Kafka: {error}"
    return None


def is_required() -> bool:
    """Is a test to fail that would be skipped?"""
    return os.environ.get(REQUIRE) == "all"
