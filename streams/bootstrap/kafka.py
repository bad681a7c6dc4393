"""The Kafka engine, made of settings; its libraries are loaded when they are needed, since they may be missing."""

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from sys import modules
from typing import TYPE_CHECKING

from streams.bootstrap import wall_clock
from streams.engines.kafka.config import KafkaConfig, Sasl, Security, Tls, Topic, Topics
from streams.engines.port import DeadLetters, StorageError
from streams.engines.roles import Role
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.engines.kafka.service import Service


def kafka_config(settings: Settings) -> KafkaConfig:
    """Return what the Kafka engine is told. Reads no file: the password is among the settings already."""
    kafka = settings.monitor.kafka
    topics = kafka.topics
    return KafkaConfig(
        brokers=kafka.brokers,
        application=kafka.application,
        partitions=kafka.partitions,
        replication=kafka.replication,
        topics=Topics(
            interactions=Topic(topics.interactions.name, topics.interactions.retention),
            facts=Topic(topics.facts.name, topics.facts.retention),
            outcomes=Topic(topics.outcomes.name, topics.outcomes.retention),
            nudges=Topic(topics.nudges.name, topics.nudges.retention),
            dead_letters=Topic(topics.dead_letters.name, topics.dead_letters.retention),
            ledger=Topic(topics.ledger.name),
            state=Topic(topics.state.name),
        ),
        state=Path(kafka.state),
        cache=kafka.cache,
        write_buffer=kafka.write_buffer,
        standbys=kafka.standbys,
        session_timeout=kafka.session_timeout,
        transaction_timeout=kafka.transaction_timeout,
        batch=kafka.batch,
        tick=kafka.tick,
        security=Security(_tls(settings), _sasl(settings)),
    )


def open_service(settings: Settings, roles: Sequence[Role], state: Path | None) -> "Service":
    """Open the Kafka engine for a process with some roles, with its local state in a folder, or where settings say.

    Raises:
        StorageError: a library is missing, or the folder or a file can't be used.
    """
    _need_kafka()
    from streams.engines.kafka.service import Service  # noqa: PLC0415 - its libraries may be missing

    config = kafka_config(settings)
    return Service(config if state is None else replace(config, state=state), settings.policy(), roles, wall_clock)


def open_dead_letters(settings: Settings) -> DeadLetters:
    """Return the dead letters of the application that the settings name.

    Raises:
        StorageError: a library is missing, or a file can't be used.
    """
    _need_kafka()
    from streams.engines.kafka import connection, dead_letters  # noqa: PLC0415 - their libraries may be missing

    config = kafka_config(settings)
    return dead_letters.TopicDeadLetters(config, connection.connection(config))


async def create_topics(settings: Settings) -> tuple[list[str], list[str]]:
    """Make the topics that are missing; return those that were made, and those that there were.

    Raises:
        StorageError: a library is missing, the brokers can't be reached, or don't make them.
    """
    _need_kafka()
    from streams.engines.kafka import connection, topics  # noqa: PLC0415 - their libraries may be missing

    config = kafka_config(settings)
    return await topics.create(config, connection.connection(config))


async def check_topics(settings: Settings) -> list[str]:
    """Return what is wrong with the topics, each with the fix.

    Raises:
        StorageError: a library is missing, or the brokers can't be reached.
    """
    _need_kafka()
    from streams.engines.kafka import connection, topics  # noqa: PLC0415 - their libraries may be missing

    config = kafka_config(settings)
    return await topics.problems(config, connection.connection(config))


def _need_kafka() -> None:
    # What is loaded is there, though Faust, which puts another module in its own place, can't be found any more then.
    missing = [name for name in ("aiokafka", "faust", "rocksdict") if name not in modules and find_spec(name) is None]
    if missing:
        msg = f"the Kafka engine needs {', '.join(missing)}: install them with pip install 'outcome-monitor[kafka]'"
        raise StorageError(msg)


def _tls(settings: Settings) -> Tls | None:
    tls, place = settings.monitor.kafka.security.tls, ("kafka", "security", "tls")
    if not tls.enabled:
        return None
    return Tls(
        ca_file=settings.file(tls.ca_file, *place, "ca_file"),
        cert_file=settings.file(tls.cert_file, *place, "cert_file"),
        key_file=settings.file(tls.key_file, *place, "key_file"),
        check_hostname=tls.check_hostname,
    )


def _sasl(settings: Settings) -> Sasl | None:
    sasl, password = settings.monitor.kafka.security.sasl, settings.secrets.kafka_password
    if sasl.mechanism is None or sasl.username is None or password is None:
        return None  # all or nothing: loading refuses the rest
    return Sasl(sasl.mechanism, sasl.username, password.get_secret_value())
