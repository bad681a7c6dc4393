"""What goes into a step of a unit, and what comes of it."""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from streams.domain.units import Millis
from streams.engines.intake import Touched
from streams.engines.kafka.keeping import Progress
from streams.engines.kafka.shelf import Write


class Incoming(Protocol):
    """A record as Kafka delivers it."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> Millis:
        """When it was written, by the clock of the producer or of the broker."""

    @property
    def key(self) -> bytes | None:
        """Its key."""

    @property
    def value(self) -> bytes | None:
        """What it holds."""


class DeadRecord(NamedTuple):
    """A record that could not be used, as it came, and why."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    reason: str
    detail: str


@dataclass(slots=True)
class Step:
    """What a batch came to: what has to be written in one transaction, and is nothing before."""

    progress: Progress
    state: list[Write] = field(default_factory=list)
    ledger: list[Write] = field(default_factory=list)
    packs: list[tuple[int, bytes]] = field(default_factory=list)
    outcomes: list[tuple[bytes | None, bytes]] = field(default_factory=list)
    dead: list[DeadRecord] = field(default_factory=list)
    touched: Touched = field(default_factory=Touched)
    expired: list[bytes] = field(default_factory=list)
