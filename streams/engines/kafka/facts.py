"""Facts on their way from a partition of the log to the partition of their customer: packed, one record a batch."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple
from zlib import crc32

import orjson

from streams.domain.contact import Contact
from streams.domain.events import RANK_OF, TYPE_OF, ActionTaken, CustomerEvent
from streams.domain.units import Millis
from streams.engines.kafka.layout import mark, unmark
from streams.engines.port import StorageError
from streams.processors.codec import Plain
from streams.processors.facts import ContactKnown, ContactTaken, ContactWithdrawn, Fact, NudgeAnswered
from streams.processors.merging import Told
from streams.processors.previews import Preview

_PACKED: Final = 250
_PACKED_BYTES: Final = 512 * 1024
"""Most facts in one record, and from which size in bytes on they are parted, so that brokers take it."""
_KINDS: Final = tuple(TYPE_OF)
_KNOWN: Final = -1
_WITHDRAWN: Final = -2
_TAKEN: Final = -3
_ANSWERED: Final = -4
"""What stands for a fact that is no event, where otherwise the rank of the event does."""


class Pack(NamedTuple):
    """What one partition of the log told a partition of customers at once, up to a watermark.

    ``shown`` are contacts as they will be known when what is still ahead of the watermark is told.
    """

    source: int
    watermark: Millis
    told: list[Told]
    shown: list[Preview]


def partition_of(customer_id: str, partitions: int) -> int:
    """Return the partition of a customer. What is written by it is read by it: it must never change."""
    return crc32(customer_id.encode()) % partitions


def place_of(fact: Fact) -> tuple[int, str]:
    """Return what orders facts of the same instant: the rank and the id of the event that told it."""
    if isinstance(fact, ContactKnown | ContactWithdrawn | ContactTaken | NudgeAnswered):
        return fact.rank, fact.event_id
    return RANK_OF[type(fact)], fact.event_id


def freeze(fact: Fact, at: Millis, *, late: bool) -> Plain:
    """Return a fact as plain values, with the time at which it takes effect."""
    if isinstance(fact, ContactKnown):
        occurred_at, contact, new, rank, event_id, taken = fact
        return (_KNOWN, at, not late, rank, event_id, occurred_at, new, taken, tuple(contact))
    if isinstance(fact, ContactWithdrawn | ContactTaken):
        occurred_at, customer_id, contact_id, rank, event_id = fact
        kind = _TAKEN if isinstance(fact, ContactTaken) else _WITHDRAWN
        return (kind, at, not late, rank, event_id, occurred_at, customer_id, contact_id)
    if isinstance(fact, NudgeAnswered):
        occurred_at, customer_id, action, rank, event_id, again = fact
        return (_ANSWERED, at, not late, rank, event_id, occurred_at, customer_id, again, tuple(action))
    return (RANK_OF[type(fact)], at, not late, *fact)


def parted(
    source: int, before: Millis, watermark: Millis, frozen: Sequence[Plain], shown: Sequence[Preview]
) -> Iterator[bytes]:
    """Return as many records as it takes. Only the last says that time has moved on from ``before``."""
    most = max(len(frozen), len(shown))
    if most <= _PACKED:
        record = pack(source, watermark, frozen, shown)
        if len(record) <= _PACKED_BYTES or most <= 1:
            yield record
            return
    told, half = len(frozen) // 2, len(shown) // 2
    yield from parted(source, before, before, frozen[:told], shown[:half])
    yield from parted(source, before, watermark, frozen[told:], shown[half:])


def pack(source: int, watermark: Millis, frozen: Iterable[Plain], shown: Sequence[Preview] = ()) -> bytes:
    """Return a record of the facts topic."""
    plain = [source, watermark, list(frozen)]
    if shown:
        plain.append([(at, tuple(contact)) for at, contact in shown])
    return mark(orjson.dumps(plain))


def unpack(record: bytes, offset: int) -> Pack:
    """Return what a record of the facts topic says.

    Raises:
        StorageError: another version has told it, in another layout, or it is damaged.
    """
    body = unmark(record, "facts")
    try:
        source, watermark, frozen, *shown = orjson.loads(body)
        return Pack(
            source,
            watermark,
            [_thaw(source, offset, place, one) for place, one in enumerate(frozen)],
            [Preview(at, _contact(contact)) for at, contact in shown[0]] if shown else [],
        )
    except (ValueError, TypeError, IndexError) as error:
        msg = (
            f"facts: the record at offset {offset} can't be read ({error}), and without it totals would be wrong; look"
            " for who else writes to their topic, and let an application with topics of its own read the log anew"
        )
        raise StorageError(msg) from error


def _thaw(source: int, offset: int, place: int, frozen: Sequence[Any]) -> Told:
    kind, at, in_order, *rest = frozen
    fact: Fact
    if kind == _KNOWN:
        rank, event_id, occurred_at, new, taken, contact = rest
        fact = ContactKnown(occurred_at, _contact(contact), new, rank, event_id, taken)
    elif kind == _WITHDRAWN:
        rank, event_id, occurred_at, customer_id, contact_id = rest
        fact = ContactWithdrawn(occurred_at, customer_id, contact_id, rank, event_id)
    elif kind == _TAKEN:
        rank, event_id, occurred_at, customer_id, contact_id = rest
        fact = ContactTaken(occurred_at, customer_id, contact_id, rank, event_id)
    elif kind == _ANSWERED:
        rank, event_id, occurred_at, customer_id, again, action = rest
        fact = NudgeAnswered(occurred_at, customer_id, ActionTaken(*action), rank, event_id, again)
    else:
        event: CustomerEvent = _KINDS[kind](*rest)
        fact, rank, event_id = event, kind, event.event_id
    if not in_order:  # what is late is known in the order in which it came
        rank, event_id = 0, ""
    return Told(at, in_order, rank, event_id, source, offset, place, fact)


def _contact(plain: list[Any]) -> Contact:
    plain[3], plain[8], plain[9] = tuple(plain[3]), tuple(plain[8]), tuple(plain[9])
    return Contact(*plain)
