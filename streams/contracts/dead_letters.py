"""Dead letters: what could not be read, kept as it came, with the reason."""

from dataclasses import dataclass
from typing import Final

from streams.contracts.refusals import Reason
from streams.domain.units import Millis

HEADER_REASON: Final = "dead-letter-reason"
HEADER_DETAIL: Final = "dead-letter-detail"
HEADER_TOPIC: Final = "dead-letter-topic"
HEADER_PARTITION: Final = "dead-letter-partition"
HEADER_OFFSET: Final = "dead-letter-offset"
HEADER_RECEIVED_AT: Final = "dead-letter-received-at"
"""Milliseconds since the Unix epoch, as decimal digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that was refused: its original bytes, where in the log it is, and why it was refused."""

    value: bytes
    key: bytes | None
    topic: str
    partition: int
    offset: int
    reason: Reason
    detail: str
    received_at: Millis

    def headers(self) -> list[tuple[str, bytes]]:
        """Return everything but key and value as the headers of a Kafka record."""
        return [
            (HEADER_REASON, self.reason.encode()),
            (HEADER_DETAIL, self.detail.encode()),
            (HEADER_TOPIC, self.topic.encode()),
            (HEADER_PARTITION, b"%d" % self.partition),
            (HEADER_OFFSET, b"%d" % self.offset),
            (HEADER_RECEIVED_AT, b"%d" % self.received_at),
        ]
