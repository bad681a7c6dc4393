"""Kafka for tests: a broker that is named, or one of our own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Producer

from deploy.kafka.cluster import Cluster
from deploy.kafka.java import Java, SetupError

NAMED = "OUTCOME_MONITOR_TEST_KAFKA"
"""The variable that names a broker to test against, as host:port; one that demands neither TLS nor a password."""
MOCKED_PARTITIONS = 4
"""How many partitions a topic of the mock cluster has."""
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


@contextmanager
def mocked_broker() -> Iterator[str]:
    """Lend the address of a cluster that librdkafka plays: it makes topics when asked for them, and can't rebalance."""
    producer = Producer({"bootstrap.servers": "mocked", "test.mock.num.brokers": 1, "log_level": 0})
    [broker] = producer.list_topics(timeout=10).brokers.values()
    yield f"{broker.host}:{broker.port}"
    del producer  # it ends with it


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
