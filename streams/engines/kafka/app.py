"""The Faust application: assignment, recovery and standbys, with the batch path put in through Faust's entry points."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import faust
from faust.app.base import BootStrategy

from streams.engines.kafka.config import KafkaConfig
from streams.engines.kafka.tables import Recovery, Table, Tables
from streams.engines.kafka.transport import Consumer

if TYPE_CHECKING:
    from streams.engines.kafka.worker import Worker

SCHEME: Final = "monitor"
"""Of the URLs by which Faust finds our transport and our store."""

_COMMIT_S: Final = 5.0


class Boot(BootStrategy):
    """Starts no producer: whatever is written is written by the writers, in their transactions."""

    enable_kafka_producer = False


class App(faust.App):
    """A Faust application whose batches go to a worker."""

    BootStrategy = Boot

    tables: Tables

    def __init__(self, worker: "Worker", config: KafkaConfig, connection: Mapping[str, Any]) -> None:
        """Make the application of a worker; it must be made in the loop that it runs in."""
        self.worker = worker
        self.config = config
        self.connection = connection
        super().__init__(
            config.application,
            broker=[f"{SCHEME}://{broker}" for broker in config.brokers],
            store=f"{SCHEME}://",
            datadir=str(config.state),
            Table=Table,
            TableManager=Tables,
            topic_partitions=config.partitions,
            topic_allow_declare=False,
            topic_disable_leader=True,
            table_standby_replicas=config.standbys,
            broker_commit_interval=_COMMIT_S,
            broker_session_timeout=config.session_timeout / 1000,
            broker_request_timeout=max(90.0, config.session_timeout / 1000),
            stream_wait_empty=True,  # asks the consumer to wait for what is being processed
            web_enabled=False,
        )
        topics = config.topics
        for source in (topics.interactions, topics.facts):
            self.topics.add(self.topic(source.name, value_type=bytes))
        for name, changelog in (("state", topics.state), ("ledger", topics.ledger)):
            topic = self.topic(changelog.name, internal=True, compacting=True, value_type=bytes, key_type=bytes)
            self.Table(name, changelog_topic=topic, key_type=bytes, value_type=bytes, partitions=config.partitions)

    @property
    def batches(self) -> Consumer:
        """The consumer, which is of our transport."""
        return cast("Consumer", self.consumer)

    @property
    def recovery(self) -> Recovery:
        """What follows the changelogs."""
        return self.tables.recovery
