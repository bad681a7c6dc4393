"""How hard hypothesis tries, the Kafka that tests ask for, and signals as they are in a terminal.

Hypothesis is quick while one works, thorough and repeatable in CI. ``HYPOTHESIS_PROFILE=ci make test`` does here what
CI does; a failure found there is printed so that it can be replayed.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.kafka.cluster import Cluster
from tests import brokers
from tests.centres import Run, on_a_file, on_kafka
from tests.engines import Play, PlayKafka, play_embedded
from tests.written import Test, written

pytest_plugins = ["tests.config_folder"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell has what it runs in the background ignore it, and so would all that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("quick", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=300, deadline=None, derandomize=True, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))


@pytest.fixture(scope="session")
def own_kafka() -> None:
    """Says that a test starts brokers of its own, and has it skipped, with the reason, where that can't be done."""
    if reason := brokers.why_none():
        (pytest.fail if brokers.is_required() else pytest.skip)(reason)


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a broker that all tests share: each makes topics of its own."""
    if not os.environ.get(brokers.NAMED):
        request.getfixturevalue("own_kafka")
    with brokers.lent_broker() as address:
        yield address


@pytest.fixture(scope="session")
def mock_kafka() -> Iterator[str]:
    """The address of confluent-kafka's mock cluster: for one worker it is a broker, wherever there is Python."""
    with brokers.mocked_broker() as address:
        yield address


@pytest.fixture(scope="session", params=["embedded", "kafka", "mock_kafka"])
def play(request: pytest.FixtureRequest) -> Play:
    """Every engine: a test that asks for this is run with each of them."""
    return _playing(request)


@pytest.fixture(scope="session", params=["embedded", "kafka"])
def play_much(request: pytest.FixtureRequest) -> Play:
    """Every engine, but on the mock cluster, which forgets all but the last 5 MB of a partition."""
    return _playing(request)


def _playing(request: pytest.FixtureRequest) -> Play:
    if request.param == "embedded":
        return play_embedded
    address = request.getfixturevalue(request.param)
    if request.param == "mock_kafka":
        return PlayKafka(address, brokers.MOCKED_PARTITIONS, makes_topics=False, together=10)
    return PlayKafka(address)


@pytest.fixture(params=["embedded", "kafka"])
def run_centre(request: pytest.FixtureRequest) -> Run:
    """Every engine as processes: a test that asks for this is run with each of them."""
    if request.param == "embedded":
        return on_a_file
    return on_kafka(request.getfixturevalue(request.param))


@pytest.fixture
def kafka_cluster(own_kafka: None) -> Iterator[Cluster]:  # noqa: ARG001 - asked for what it does
    """Three brokers for one test, which may do to them what it likes."""
    with Cluster(3) as cluster:
        yield cluster


@pytest.fixture
def with_topics(kafka: str, tmp_path: Path) -> Callable[[Test], None]:
    """Runs a test with topics of its own."""

    def run(test: Test) -> None:
        async def whole() -> None:
            async with written(kafka, tmp_path) as found:
                await test(found)

        asyncio.run(whole())

    return run
