"""What the Kafka engine is told: plain values, whoever reads them from wherever."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from streams.domain.units import DAY, SECOND, Millis

TOMBSTONES_KEPT: Final[Millis] = 7 * DAY
"""How long deletions stay in a changelog: a local copy that is older than that can't be brought up to date."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: its name and, unless it is compacted, how long its records are kept."""

    name: str
    retention: Millis | None = None


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of an application."""

    interactions: Topic = Topic("contact.interactions.v1", 7 * DAY)
    facts: Topic = Topic("contact.facts.v1", 7 * DAY)
    outcomes: Topic = Topic("contact.outcomes.v1", 30 * DAY)
    nudges: Topic = Topic("contact.nudges.v1", 7 * DAY)
    dead_letters: Topic = Topic("contact.dead-letters.v1", 90 * DAY)
    ledger: Topic = Topic("contact.ledger.v1")
    state: Topic = Topic("contact.state.v1")


@dataclass(frozen=True, slots=True)
class Tls:
    """How brokers prove who they are, and we to them."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    check_hostname: bool = True


@dataclass(frozen=True, slots=True)
class Sasl:
    """Who we are."""

    mechanism: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Security:
    """How connections to the brokers are secured; neither by default."""

    tls: Tls | None = None
    sasl: Sasl | None = None


@dataclass(frozen=True, slots=True)
class KafkaConfig:
    """Everything that the engine needs to know but for the policy. Durations in milliseconds, sizes in bytes."""

    brokers: tuple[str, ...] = ("127.0.0.1:9092",)
    application: str = "outcome-monitor"
    partitions: int = 12
    replication: int | None = None
    topics: Topics = Topics()
    state: Path = Path("outcome-monitor-state")
    cache: int = 192 << 20
    write_buffer: int = 128 << 20
    standbys: int = 0
    session_timeout: Millis = 30 * SECOND
    transaction_timeout: Millis = 60 * SECOND
    batch: int = 2000
    tick: Millis | None = SECOND
    security: Security = Security()
