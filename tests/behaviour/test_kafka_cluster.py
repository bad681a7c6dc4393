"""Kafka for tests keeps what it acknowledged, lets in whom it should, says what it lacks, leaves nothing running."""

import asyncio
import errno
import gc
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from deploy.kafka import java
from deploy.kafka.cluster import Cluster
from deploy.kafka.java import Java, SetupError
from deploy.kafka.metadata import ask
from deploy.kafka.ports import HOST, choose_ports
from deploy.kafka.security import PASSWORD, USERNAME, Certificates, Security
from tests.processes import PROMPTLY_S, line_with

ROOT = Path(__file__).parents[2]
REFUSED = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""aiokafka does not close connections on which it was refused, and Python warns of it."""
QUICK_TO_COMPACT = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01"}


def test_a_broker_takes_records_and_gives_them_back(kafka: str) -> None:
    async def run() -> list[bytes]:
        topic = await new_topic(kafka)
        await produce(kafka, topic, [b"1", b"2", b"3"])
        return await consume(kafka, topic)

    assert asyncio.run(run()) == [b"1", b"2", b"3"]


def test_a_killed_leader_of_three_comes_back_and_nothing_acknowledged_is_lost(kafka_cluster: Cluster) -> None:
    sent = [str(number).encode() for number in range(300)]

    async def run() -> list[bytes]:
        topic = await new_topic(kafka_cluster.bootstrap, replicas=3)
        async with producer(kafka_cluster.bootstrap) as out:
            for record in sent[:100]:
                await out.send_and_wait(topic, record)
            leader = await leader_of(kafka_cluster.bootstrap, topic)
            kafka_cluster.kill(leader)
            for record in sent[100:200]:
                await out.send_and_wait(topic, record)
            kafka_cluster.start(leader)
            await asyncio.to_thread(kafka_cluster.wait_ready)
            for record in sent[200:]:
                await out.send_and_wait(topic, record)
        return await consume(kafka_cluster.bootstrap, topic)

    assert asyncio.run(run()) == sent


def test_one_broker_after_the_other_restarts_under_a_producer_that_notices_nothing(kafka_cluster: Cluster) -> None:
    async def run() -> tuple[list[bytes], list[bytes]]:
        topic = await new_topic(kafka_cluster.bootstrap, replicas=3)
        sent: list[bytes] = []
        async with producer(kafka_cluster.bootstrap) as out:
            restart = asyncio.create_task(asyncio.to_thread(kafka_cluster.rolling_restart))
            while not restart.done():
                sent.append(str(len(sent)).encode())
                await out.send_and_wait(topic, sent[-1])
            await restart
        return sent, await consume(kafka_cluster.bootstrap, topic)

    sent, got = asyncio.run(run())
    assert got == sent


def test_a_paused_broker_is_given_up_and_comes_back(kafka_cluster: Cluster) -> None:
    async def run() -> list[int]:
        topic = await new_topic(kafka_cluster.bootstrap, replicas=3)
        leader = await leader_of(kafka_cluster.bootstrap, topic)
        kafka_cluster.pause(leader)
        await asyncio.to_thread(kafka_cluster.wait_ready)
        others = await leader_of(kafka_cluster.bootstrap, topic)
        kafka_cluster.resume(leader)
        await asyncio.to_thread(kafka_cluster.wait_ready)
        return [leader, others]

    leader, other = asyncio.run(run())
    assert other in {1, 2, 3} - {leader}


def test_a_compacted_topic_soon_forgets_what_was_overwritten(kafka: str) -> None:
    async def run() -> tuple[list[bytes], list[bytes]]:
        topic = await new_topic(kafka, configs=QUICK_TO_COMPACT)
        sent: list[bytes] = []
        kept: list[bytes] = []
        while len(kept) == len(sent):
            sent.append(str(len(sent)).encode())
            await produce(kafka, topic, sent[-1:])
            kept = await consume(kafka, topic)
        return sent, kept

    sent, kept = asyncio.run(run())
    assert kept[-1] == sent[-1]


@REFUSED
@pytest.mark.usefixtures("own_kafka")
@pytest.mark.parametrize("security", [each for each in Security if each.mechanisms])
def test_only_the_right_password_is_let_in(security: Security) -> None:
    with Cluster(security=security) as cluster:
        for mechanism in security.mechanisms:

            def is_let_in_with(password: str, mechanism: str = mechanism) -> bool:
                return is_let_in(
                    cluster,
                    sasl_mechanism=mechanism,
                    sasl_plain_username=USERNAME,
                    sasl_plain_password=password,
                    ssl_context=trusting(cluster.certificates) if security.uses_tls else None,
                )

            assert is_let_in_with(PASSWORD), mechanism
            assert not is_let_in_with("a guess"), mechanism


@REFUSED
@pytest.mark.usefixtures("own_kafka")
def test_a_broker_whose_certificate_is_not_trusted_is_not_talked_to(tmp_path: Path) -> None:
    others = Certificates(tmp_path / "others")
    others.make()
    with Cluster(security=Security.TLS) as cluster:
        assert is_let_in(cluster, ssl_context=trusting(cluster.certificates))
        assert not is_let_in(cluster, ssl_context=trusting(others))


@REFUSED
@pytest.mark.usefixtures("own_kafka")
def test_where_tls_is_mutual_a_client_shows_a_certificate_of_the_right_authority(tmp_path: Path) -> None:
    others = Certificates(tmp_path / "others")
    others.make()
    with Cluster(security=Security.MUTUAL_TLS) as cluster:
        certificates = cluster.certificates
        assert is_let_in(cluster, ssl_context=trusting(certificates, shown=certificates))
        assert not is_let_in(cluster, ssl_context=trusting(certificates, shown=others))
        assert not is_let_in(cluster, ssl_context=trusting(certificates))


@pytest.mark.usefixtures("own_kafka")
def test_data_that_are_kept_are_there_the_next_time(tmp_path: Path) -> None:
    async def write(bootstrap: str) -> str:
        topic = await new_topic(bootstrap)
        await produce(bootstrap, topic, [b"kept"])
        return topic

    with Cluster(data=tmp_path) as cluster:
        topic = asyncio.run(write(cluster.bootstrap))
    with Cluster(data=tmp_path) as cluster:
        assert asyncio.run(consume(cluster.bootstrap, topic)) == [b"kept"]
    with pytest.raises(SetupError, match="holds a cluster of 1"), Cluster(3, data=tmp_path):
        pass


@pytest.mark.usefixtures("own_kafka")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_where_it_listens_and_ends_cleanly(number: signal.Signals) -> None:
    with command() as (process, address):
        assert asyncio.run(consume(address, asyncio.run(new_topic(address)))) == []
        process.send_signal(number)
        _, err = process.communicate(timeout=PROMPTLY_S)
        assert (process.returncode, err) == (0, "")
        assert is_free(address)


@pytest.mark.usefixtures("own_kafka")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills the children of who was killed")
def test_brokers_end_with_whoever_started_them_even_when_that_was_killed() -> None:
    with command() as (process, address):
        process.kill()
        process.communicate(timeout=PROMPTLY_S)
        while not is_free(address):  # a broker that lives on makes the test time out
            pass


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = port_of(taken)
        with pytest.raises(SetupError, match=f"port {port} .* is taken"):
            choose_ports(1, port)


def test_who_lacks_java_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="no java: install Java 17 or newer"):
        Java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(SetupError, match=f"JAVA_HOME={tmp_path} has no bin/java: correct it"):
        Java()


@pytest.mark.parametrize("version", ["1.8.0_402", "11.0.2", "16"])
def test_java_that_is_too_old_is_refused(version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    java_of_version(version, monkeypatch, tmp_path)
    with pytest.raises(SetupError, match=f"is Java {version}, which is too old: install Java 17 or newer"):
        Java()


@pytest.mark.parametrize("version", ["17.0.15", "21", "25.0.1-ea"])
def test_who_lacks_the_jars_and_maven_is_told_what_to_install(
    version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    java_of_version(version, monkeypatch, tmp_path)
    monkeypatch.setattr(java, "TARGET", tmp_path / "target")
    with pytest.raises(SetupError, match="no mvn to fetch them: install Maven"):
        Java()


def test_an_answer_that_breaks_off_is_no_answer() -> None:
    with socket.create_server((HOST, 0)) as server, ThreadPoolExecutor(1) as executor:
        asked = executor.submit(ask, HOST, port_of(server))
        connection, _ = server.accept()
        connection.sendall(b"\0\0\0\x08\0\0\0\0")
        connection.close()
        with pytest.raises(ConnectionError):
            asked.result()


def java_of_version(version: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have the only program in reach be a java that says it is of this version."""
    program = folder / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-16' >&2\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(folder))


def port_of(server: socket.socket) -> int:
    return int(server.getsockname()[1])


def is_free(address: str) -> bool:
    """Does nobody listen there?"""
    host, port = address.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == errno.ECONNREFUSED


@contextmanager
def command() -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run the command until it is ready; it is killed if it still runs at the end of the block."""
    port = choose_ports(1, None)[1].clients
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "deploy.kafka.cluster", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line_with(process.stdout, f"is ready at {HOST}:{port}")
        yield process, f"{HOST}:{port}"
    finally:
        process.kill()
        process.communicate()


def trusting(authority: Certificates, shown: Certificates | None = None) -> ssl.SSLContext:
    """Return what a client trusts, and shows if it does."""
    context = ssl.create_default_context(cafile=str(authority.ca))
    if shown:
        context.load_cert_chain(shown.client, shown.client_key)
    return context


def is_let_in(cluster: Cluster, **credentials: object) -> bool:
    """Does a client with these credentials get to see the cluster?"""

    async def knock() -> bool:
        client = AIOKafkaClient(
            bootstrap_servers=cluster.bootstrap, security_protocol=cluster.security.protocol, **credentials
        )
        try:
            await client.bootstrap()
        except KafkaError:
            return False
        finally:
            await client.close()
        return True

    try:
        return asyncio.run(knock())
    finally:
        gc.collect()  # aiokafka leaves the connections behind on which it was refused


async def new_topic(bootstrap: str, *, replicas: int = 1, configs: Mapping[str, str] | None = None) -> str:
    """Make a topic of one partition; return its name."""
    name = f"test-{uuid4()}"
    async with admin(bootstrap) as client:
        await client.create_topics([NewTopic(name, 1, replicas, topic_configs=configs)])
    return name


async def leader_of(bootstrap: str, topic: str) -> int:
    """Return the number of the broker that leads a topic."""
    async with admin(bootstrap) as client:
        described = await client.describe_topics([topic])
    return int(described[0]["partitions"][0]["leader"])


@asynccontextmanager
async def admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


def producer(bootstrap: str) -> AIOKafkaProducer:
    """Return a producer for which a record counts when all replicas in sync have it, and has it there once."""
    return AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)


async def produce(bootstrap: str, topic: str, records: Iterable[bytes]) -> None:
    async with producer(bootstrap) as out:
        for record in records:
            await out.send_and_wait(topic, record, key=b"key")


async def consume(bootstrap: str, topic: str) -> list[bytes]:
    """Return what a topic holds now."""
    partition = TopicPartition(topic, 0)
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        consumer.assign([partition])
        await consumer.seek_to_beginning()
        end = (await consumer.end_offsets([partition]))[partition]
        records: list[bytes] = []
        while await consumer.position(partition) < end:
            batch = await consumer.getmany(timeout_ms=100)
            records += [record.value for record in batch.get(partition, ())]
        return records
