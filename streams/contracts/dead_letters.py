"""Dead letters: what could not be read, kept as it came, with the reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from streams.domain.units import Millis

Header = tuple[str, bytes]

HEADER_REASON: Final = "dead-letter-reason"
HEADER_DETAIL: Final = "dead-letter-detail"
HEADER_TOPIC: Final = "dead-letter-topic"
HEADER_PARTITION: Final = "dead-letter-partition"
HEADER_OFFSET: Final = "dead-letter-offset"
HEADER_RECEIVED_AT: Final = "dead-letter-received-at"
"""Milliseconds since the Unix epoch, as decimal digits."""
HEADER_CUT_FROM: Final = "dead-letter-cut-from"
"""How many bytes the record had, where only its beginning is kept."""
HEADER_REDRIVEN: Final = "dead-letter-redriven"
"""Of a record without a value: the offset of a dead letter in its partition that was put in the log again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that was refused: its original bytes, where in the log it is, and why it was refused.

    ``cut_from`` is how many bytes it had, if only its beginning is kept.
    """

    value: bytes
    key: bytes | None
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    received_at: Millis
    cut_from: int | None = None

    def headers(self) -> list[Header]:
        """Return everything but key and value as the headers of a Kafka record."""
        headers = [
            (HEADER_REASON, self.reason.encode()),
            (HEADER_DETAIL, self.detail.encode()),
            (HEADER_TOPIC, self.topic.encode()),
            (HEADER_PARTITION, b"%d" % self.partition),
            (HEADER_OFFSET, b"%d" % self.offset),
            (HEADER_RECEIVED_AT, b"%d" % self.received_at),
        ]
        if self.cut_from is not None:
            headers.append((HEADER_CUT_FROM, b"%d" % self.cut_from))
        return headers

    @classmethod
    def read(cls, key: bytes | None, value: bytes | None, headers: Iterable[Header]) -> "DeadLetter":
        """Return the dead letter that a Kafka record holds.

        Raises:
            ValueError: it was not written as one; the message says what it lacks.
        """
        said = dict(headers)
        try:
            return cls(
                value=value or b"",
                key=key,
                topic=said[HEADER_TOPIC].decode(),
                partition=int(said[HEADER_PARTITION]),
                offset=int(said[HEADER_OFFSET]),
                reason=said[HEADER_REASON].decode(),
                detail=said[HEADER_DETAIL].decode(),
                received_at=int(said[HEADER_RECEIVED_AT]),
                cut_from=int(said[HEADER_CUT_FROM]) if HEADER_CUT_FROM in said else None,
            )
        except KeyError as error:
            msg = f"has no header {error.args[0]}"
            raise ValueError(msg) from None
