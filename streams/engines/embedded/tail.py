"""Follows the outcomes and nudges of a file while its engine runs, in another thread or in another process."""

import asyncio
from collections.abc import Mapping, Sequence
from heapq import merge
from threading import Lock
from typing import Any, Final, NamedTuple

import orjson

from streams.engines.embedded.database import connect, decoding, translated
from streams.engines.embedded.log import SegmentTable
from streams.engines.intake import Received

_TOPICS: Final = ("outbox", "nudges")
_POLL_S: Final = 0.02
"""How often is looked whether somebody has written; it costs some microseconds."""
_QUIET_S: Final = 1.0
_MOST: Final = 5_000


class Read(NamedTuple):
    """Records of both topics in the order in which they were written, and whether there were no more for now.

    Nobody but the engine writes to a file, so that it is damaged where there is an unreadable record.
    """

    records: Sequence[Mapping[str, Any]]
    at_end: bool
    unreadable: int = 0


class EmbeddedTail:
    """Reads both topics of a file from their beginning, as far as that is kept; it can't write to it."""

    def __init__(self, path: str) -> None:
        """Open a file.

        Raises:
            StorageError: if it can't be read.
        """
        self._path = path
        self._connection = connect(path, read_only=True)
        self._lock = Lock()
        self._seen: int | None = None
        with translated(path):
            rows = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        there = {name for (name,) in rows}
        self._tables = [SegmentTable(self._connection, name) for name in _TOPICS if name in there]
        self._next = [0] * len(self._tables)

    async def read(self) -> Read:
        """Wait until something was written, or for a second; return what is new.

        Raises:
            StorageError: the file can't be read any more.
        """
        for _ in range(round(_QUIET_S / _POLL_S)):
            read = await asyncio.to_thread(self._read)
            if read is not None:
                return read
            await asyncio.sleep(_POLL_S)
        return Read((), at_end=True)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def _version(self) -> int:
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _read(self) -> Read | None:
        """Return the next records of both topics, ``None`` if nobody has written since all was read.

        Of what is left over, what came later is left for the next time.
        """
        with self._lock, translated(self._path):
            version = self._version()
            if version == self._seen:
                return None
            parts = [list(table.read(after, _MOST)) for table, after in zip(self._tables, self._next, strict=True)]
            more = [part[-1].received_at for part in parts if len(part) == _MOST]
            if more:
                parts = [[record for record in part if record.received_at <= min(more)] for part in parts]
            else:
                self._seen = version
            self._next = [part[-1].offset + 1 if part else after for part, after in zip(parts, self._next, strict=True)]
            with decoding("outbox"):
                return Read([orjson.loads(record.value) for record in merge(*parts, key=_written)], at_end=not more)


def _written(record: Received) -> int:
    """Return when a record was written, by the log's time."""
    return record.received_at
