"""What goes into a step of a unit, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from streams.contracts.dead_letters import DeadLetter
from streams.domain.units import Millis
from streams.engines.intake import Touched
from streams.engines.kafka.keeping import Progress
from streams.engines.kafka.shelf import Write
from streams.engines.port import StorageError


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


def expect_from(low: int, records: Sequence[Incoming], topic: str, partition: int) -> None:
    """See to it that none is from before where a restart would begin to read: a consumer is sent back by itself.

    Raises:
        StorageError: the first one is.
    """
    if records[0].offset < low:
        msg = (
            f"{topic}: partition {partition} begins again at offset {records[0].offset}, though it was processed up to"
            f" {low} or beyond: it was deleted or put back; name another application with topics of its own"
        )
        raise StorageError(msg)


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
