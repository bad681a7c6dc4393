"""Records that can't be used, in every batch."""

from collections.abc import Iterator, Sequence
from random import Random

_POISON = (
    b"",
    b"not json",
    b"\xff\xfe\x00",
    b"[1, 2, 3]",
    b"{}",
    b'{"type": "contact.offered"}',
    b'{"type": "no.such.type", "event_id": "x"}',
    b'{"a": ' * 2000,
    b'{"type": "contact.ended", "event_id": "e", "occurred_at": "yesterday", "contact_id": "c"}',
    b'{"x": "' + b"y" * 100_000 + b'"}',
)


def poisoned(log: Sequence[bytes], seed: int, share: float = 0.02) -> Iterator[bytes]:
    """Return a log with bad records among the good."""
    random = Random(seed)
    for record in log:
        if random.random() < share:
            yield random.choice(_POISON)
        yield record
