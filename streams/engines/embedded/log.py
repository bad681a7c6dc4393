"""The log: records in the order in which they came, kept in segments so that a record costs next to nothing."""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from struct import pack, unpack

from streams.domain.units import Millis
from streams.engines.embedded.database import decoding
from streams.engines.intake import Received


def pack_segment(records: Sequence[bytes]) -> bytes:
    """Return records as one blob: how many, their lengths, and the records themselves."""
    n = len(records)
    return pack(f"<I{n}I", n, *map(len, records)) + b"".join(records)


def unpack_segment(blob: bytes) -> list[bytes]:
    """Return the records of a blob."""
    (n,) = unpack("<I", blob[:4])
    lengths = unpack(f"<{n}I", blob[4 : 4 + 4 * n])
    ends = list(accumulate(lengths, initial=4 + 4 * n))
    return [blob[start:end] for start, end in pairwise(ends)]


class SegmentTable:
    """A table of segments: the log, or the outbox."""

    def __init__(self, connection: sqlite3.Connection, table: str) -> None:
        self._connection = connection
        self._table = table

    def end(self) -> int:
        """Return the offset that the next record will have."""
        row = self._connection.execute(f"SELECT after FROM {self._table} ORDER BY first DESC LIMIT 1").fetchone()  # noqa: S608
        return row[0] if row else 0

    def append(self, records: Sequence[bytes], received_at: Millis, first: int) -> int:
        """Write records as a segment from an offset on; return the offset after the last."""
        after = first + len(records)
        if not records:
            return after
        row = (first, after, received_at, pack_segment(records))
        self._connection.execute(f"INSERT INTO {self._table} VALUES (?, ?, ?, ?)", row)  # noqa: S608
        return after

    def read(self, start: int, limit: int | None = None) -> Iterator[Received]:
        """Return records from an offset on, at most ``limit`` of them."""
        rows = self._connection.execute(
            f"SELECT first, received_at, records FROM {self._table} WHERE first >="  # noqa: S608
            f" coalesce((SELECT max(first) FROM {self._table} WHERE first <= ?), 0) ORDER BY first",
            (start,),
        )
        left = limit if limit is not None else -1
        for first, received_at, blob in rows:
            with decoding(self._table):
                values = unpack_segment(blob)
            for offset, value in enumerate(values, first):
                if offset < start:
                    continue
                if left == 0:
                    return
                left -= 1
                yield Received(offset, received_at, value)

    def trim(self, before: int, received_before: Millis) -> None:
        """Let go of segments that end at or before an offset and came at or before a time, but for the last.

        The last one stays because it says at which offset the table ends.
        """
        self._connection.execute(
            f"DELETE FROM {self._table} WHERE after <= ? AND received_at <= ?"  # noqa: S608
            f" AND first < (SELECT max(first) FROM {self._table})",
            (before, received_before),
        )
