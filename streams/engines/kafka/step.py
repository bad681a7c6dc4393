"""What goes into a step of a unit, and what comes of it."""

from dataclasses import dataclass, field
from typing import Protocol

from streams.contracts.dead_letters import DeadLetter
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


@dataclass(slots=True)
class Step:
    """What a batch came to: what has to be written in one transaction, and is nothing before."""

    progress: Progress
    state: list[Write] = field(default_factory=list)
    ledger: list[Write] = field(default_factory=list)
    packs: list[tuple[int, bytes]] = field(default_factory=list)
    outcomes: list[tuple[bytes | None, bytes]] = field(default_factory=list)
    nudges: list[tuple[bytes | None, bytes]] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    touched: Touched = field(default_factory=Touched)
    expired: list[bytes] = field(default_factory=list)
