"""What the Kafka engine can be told: the section ``kafka`` of the settings."""

from typing import Literal, TypeAlias

from streams.settings import fields as f
from streams.settings.section import Section, setting

Mechanism: TypeAlias = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

_NAME = "Name of the topic."
_READ = "Records are kept for this time; a worker that is behind by more loses some."
_WRITTEN = "Records are kept for this time."


class InteractionsTopic(Section):
    """Events as they came, by contact."""

    name: f.KafkaName = setting("contact.interactions.v1", _NAME)
    retention: f.Retention = setting("7d", _READ)


class FactsTopic(Section):
    """What contacts have come to, by customer."""

    name: f.KafkaName = setting("contact.facts.v1", _NAME)
    retention: f.Retention = setting("7d", _READ)


class OutcomesTopic(Section):
    """Verdicts, each with its evidence."""

    name: f.KafkaName = setting("contact.outcomes.v1", _NAME)
    retention: f.Retention = setting("30d", _WRITTEN)


class NudgesTopic(Section):
    """Messages to team leads that ask for action now."""

    name: f.KafkaName = setting("contact.nudges.v1", _NAME)
    retention: f.Retention = setting("7d", _WRITTEN)


class DeadLettersTopic(Section):
    """Records that can't be read, with the reason."""

    name: f.KafkaName = setting("contact.dead-letters.v1", _NAME)
    retention: f.Retention = setting("90d", _WRITTEN)


class LedgerTopic(Section):
    """Cumulative totals, by series. It is compacted: the newest of each is kept for good."""

    name: f.KafkaName = setting("contact.ledger.v1", _NAME)


class StateTopic(Section):
    """What workers remember. It is compacted: the newest of each is kept for good."""

    name: f.KafkaName = setting("contact.state.v1", _NAME)


class Topics(Section):
    """The topics of an application."""

    interactions: InteractionsTopic = InteractionsTopic()
    facts: FactsTopic = FactsTopic()
    outcomes: OutcomesTopic = OutcomesTopic()
    nudges: NudgesTopic = NudgesTopic()
    dead_letters: DeadLettersTopic = DeadLettersTopic()
    ledger: LedgerTopic = LedgerTopic()
    state: StateTopic = StateTopic()


class Tls(Section):
    """How brokers prove who they are, and we to them. Files are PEM, and are looked for beside this one."""

    enabled: f.Flag = setting(default=False, description="Encrypt connections, and check the brokers' certificates.")
    ca_file: f.MaybeName = setting(
        None, "Who signs the brokers' certificates; null for those whom this machine trusts."
    )
    cert_file: f.MaybeName = setting(None, "The certificate that proves who we are, where brokers ask for one.")
    key_file: f.MaybeName = setting(None, "Its key, unless that is in the same file.")
    check_hostname: f.Flag = setting(default=True, description="Whether certificates must name the brokers' hosts.")


class Sasl(Section):
    """Who we are, and how we prove it."""

    mechanism: Mechanism | None = setting(None, "How the password is proven; null where brokers ask for none.")
    username: f.MaybeName = setting(None, "Who we are.")
    password_file: f.MaybeName = setting(
        None, "The file that holds the password, beside this one; else OUTCOME_MONITOR__SECRETS__KAFKA_PASSWORD does."
    )


class Security(Section):
    """How connections to the brokers are secured."""

    tls: Tls = Tls()
    sasl: Sasl = Sasl()


class Kafka(Section):
    """Of the Kafka engine: `outcome-monitor run --engine kafka`."""

    brokers: f.Brokers = setting(("127.0.0.1:9092",), "Where to begin: some of the brokers, each as host:port.")
    application: f.KafkaName = setting(
        "outcome-monitor", "Names the consumer group and the transactions; workers that share the work share it."
    )
    partitions: f.Partitions = setting(12, "Partitions of every topic. Can't be changed once there are topics.")
    replication: f.Replication = setting("default", "Copies of every partition; default for what the brokers say.")
    topics: Topics = Topics()
    state: f.Name = setting(
        "outcome-monitor-state",
        "Folder of the local copies of state, one for each worker; relative to the working folder.",
    )
    cache: f.Memory = setting("192 MiB", "Memory for blocks that are read from it, whatever the partitions.")
    write_buffer: f.Memory = setting("128 MiB", "Memory for what is not on disk yet, whatever the partitions.")
    standbys: f.Standbys = setting(0, "Other workers that keep a copy of each partition, to take over at once.")
    session_timeout: f.SessionTimeout = setting("30s", "A worker that is silent for longer loses its partitions.")
    transaction_timeout: f.TransactionTimeout = setting("60s", "Brokers end a transaction that is open for longer.")
    batch: f.Batch = setting(2_000, "Most records of a partition that are processed in one step.")
    tick: f.Tick = setting("1s", "How often partitions are told the time, so that idle ones move on; off for never.")
    security: Security = Security()
