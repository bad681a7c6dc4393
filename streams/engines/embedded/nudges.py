"""The nudges of a file, followed from another process while its engine runs."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from streams.engines.embedded.database import connect, translated
from streams.engines.embedded.log import SegmentTable

_MOST: Final = 1_000


class Read(NamedTuple):
    """Some records, oldest first, whether these are all that there are now, and the offset to go on from."""

    records: Sequence[bytes]
    at_end: bool
    position: int


class FollowedNudges:
    """Reads the nudges topic of a file, as far as that is kept; it can't write to it."""

    def __init__(self, path: str, position: int = 0) -> None:
        """Open a file, to go on from an offset.

        Raises:
            StorageError: it can't be read.
        """
        self._path = path
        self._connection = connect(path, read_only=True)
        self._table = SegmentTable(self._connection, "nudges")
        self._next = position

    def end(self) -> int:
        """Return the offset that the next record will have.

        Raises:
            StorageError: the file can't be read.
        """
        with translated(self._path):
            return self._table.end()

    async def read(self) -> Read:
        """Return what comes next, none of it twice.

        Raises:
            StorageError: the file can't be read any more.
        """
        with translated(self._path):
            found = list(self._table.read(self._next, _MOST))
        if found:
            self._next = found[-1].offset + 1
        return Read([record.value for record in found], len(found) < _MOST, self._next)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
