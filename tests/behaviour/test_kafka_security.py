"""Brokers that demand a name, a certificate or both are reached, and who is refused is told so and does not wait."""

import asyncio
import gc
import logging
import threading
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError

from deploy.kafka.cluster import Cluster
from deploy.kafka.security import PASSWORD, USERNAME, Certificates, Security
from streams.contracts.encode import encode
from streams.domain.events import ContactOffered
from streams.engines.kafka import topics
from streams.engines.kafka.config import KafkaConfig, Sasl, Tls
from streams.engines.kafka.config import Security as Shown
from streams.engines.kafka.connection import connection
from streams.engines.kafka.following import Followed
from streams.engines.port import StorageError
from tests.processes import PROMPTLY_S
from tests.site import Site, Working, events, make_config

pytestmark = [
    pytest.mark.usefixtures("own_kafka"),
    # aiokafka does not close connections on which it was refused, and Python warns of it.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
AT = 1_767_225_600_000


@pytest.fixture(autouse=True)
def _heard_and_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Whoever configured logging before may have turned off those who log already.
    monkeypatch.setattr(logging.getLogger("aiokafka"), "disabled", False)
    yield
    gc.collect()


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of an authority that the brokers have nothing to do with."""
    certificates = Certificates(tmp_path_factory.mktemp("others") / "certificates")
    certificates.make()
    return certificates


def sasl(mechanism: str, password: str = PASSWORD) -> Sasl:
    return Sasl(mechanism, USERNAME, password)


def shown_by(certificates: Certificates) -> tuple[Path, Path]:
    return certificates.client, certificates.client_key


def create(config: KafkaConfig) -> tuple[list[str], list[str]]:
    return asyncio.run(asyncio.wait_for(topics.create(config, connection(config)), PROMPTLY_S))


@contextmanager
def brokers(security: Security, folder: Path) -> Iterator[tuple[Cluster, KafkaConfig]]:
    """A broker, and an application that shows it nothing yet."""
    with Cluster(security=security) as cluster:
        yield cluster, make_config(cluster.bootstrap, folder, partitions=1)


def refused(config: KafkaConfig, caplog: pytest.LogCaptureFixture) -> str:
    """See that nobody is let in and that is told, and return what the log says of the reason."""
    caplog.clear()
    with pytest.raises(StorageError, match=rf"{config.brokers[0]}: .*check .*kafka\.security"):
        create(config)
    return " ".join(record.message for record in caplog.records if record.levelno >= logging.ERROR)


@pytest.mark.parametrize("security", [Security.SASL_PLAIN, Security.SCRAM])
def test_a_password_opens_the_brokers_and_a_wrong_one_is_told(
    security: Security, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with brokers(security, tmp_path) as (_, config):
        for n, mechanism in enumerate(security.mechanisms):
            made, there = create(replace(config, security=Shown(sasl=sasl(mechanism))))
            assert [len(made), len(there)] == ([7, 0] if n == 0 else [0, 7])
            said = refused(replace(config, security=Shown(sasl=sasl(mechanism, "a guess"))), caplog)
            assert "SaslAuthenticationFailed" in said
            assert "a guess" not in said
        refused(config, caplog)


def test_a_certificate_of_the_right_authority_is_talked_to_and_no_other(
    tmp_path: Path, others: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    with brokers(Security.TLS, tmp_path) as (cluster, config):
        assert len(create(replace(config, security=Shown(Tls(cluster.certificates.ca))))[0]) == 7
        for not_trusted in (Tls(others.ca), Tls()):
            assert "certificate verify failed" in refused(replace(config, security=Shown(not_trusted)), caplog)
        refused(config, caplog)


def test_an_address_that_is_not_in_the_certificate_is_refused_unless_it_is_not_to_be_checked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with brokers(Security.TLS, tmp_path) as (cluster, config):
        # The same machine, by an address that the certificate doesn't have.
        elsewhere = replace(config, brokers=tuple(one.replace("127.0.0.1", "127.1") for one in config.brokers))
        ca = cluster.certificates.ca
        assert "certificate verify failed" in refused(replace(elsewhere, security=Shown(Tls(ca))), caplog)
        assert len(create(replace(elsewhere, security=Shown(Tls(ca, check_hostname=False))))[0]) == 7


def test_where_tls_is_mutual_a_certificate_is_shown(
    tmp_path: Path, others: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    with brokers(Security.MUTUAL_TLS, tmp_path) as (cluster, config):
        ca = cluster.certificates.ca
        assert len(create(replace(config, security=Shown(Tls(ca, *shown_by(cluster.certificates)))))[0]) == 7
        refused(replace(config, security=Shown(Tls(ca, *shown_by(others)))), caplog)
        refused(replace(config, security=Shown(Tls(ca))), caplog)


def test_behind_a_password_and_tls_an_event_is_counted_and_followed_and_a_wrong_password_ends_a_worker(
    tmp_path: Path, others: Certificates, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def count(config: KafkaConfig) -> int:
        site = Site(config)
        await site.create()
        await site.produce([encode(ContactOffered("e1", AT, "test", "c1", "phone"))])
        async with Working(config):
            await site.tick(AT + 3_600_000)
            counted = events(await site.settled(AT))
        async with aclosing(Followed((config.topics.interactions.name,), 1, site.connection, 0)) as followed:
            while not (await followed.read()).records:
                assert "Error" not in str(followed.problem)
        return counted

    async def work(config: KafkaConfig) -> None:
        async with Working(config) as working:
            _, going = await asyncio.wait([working.task], timeout=PROMPTLY_S)
            assert not going

    with brokers(Security.SASL_TLS, tmp_path / "state") as (cluster, config):
        tls = Tls(cluster.certificates.ca)
        assert asyncio.run(count(replace(config, security=Shown(tls, sasl("SCRAM-SHA-512"))))) >= 1
        monkeypatch.setattr(threading, "excepthook", lambda _: None)  # a thread of Faust's ends, which is the point
        for n, wrong in enumerate((Shown(tls, sasl("PLAIN", "a guess")), Shown(Tls(others.ca), sasl("PLAIN")))):
            with pytest.raises((StorageError, KafkaConnectionError)):
                asyncio.run(work(replace(config, security=wrong, state=tmp_path / str(n))))
        assert "a guess" not in caplog.text


@pytest.mark.parametrize("file", range(3))
@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_file_that_is_no_certificate_is_named(
    file: int, content: bytes | None, tmp_path: Path, others: Certificates
) -> None:
    bad = tmp_path / "bad.pem"
    if content is not None:
        bad.write_bytes(content)
    ca, certificate, key = (bad if n == file else good for n, good in enumerate((others.ca, *shown_by(others))))
    with pytest.raises(StorageError, match=rf"kafka\.security\.tls: .*{bad}.*PEM"):
        connection(replace(make_config("nowhere:1", tmp_path), security=Shown(Tls(ca, certificate, key))))
