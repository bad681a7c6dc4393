"""The nudges of a file, followed from another process while its engine runs."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from streams.engines.embedded.database import connect, identity, translated
from streams.engines.embedded.log import SegmentTable
from streams.engines.port import StorageError

logger = logging.getLogger(__name__)

_MOST: Final = 1_000


class Read(NamedTuple):
    """Some records, oldest first, whether these are all that there are now, and the position to go on from."""

    records: Sequence[bytes]
    at_end: bool
    position: Mapping[str, Any]


class FollowedNudges:
    """Reads the nudges topic of a file, as far as that is kept; it can't write to it.

    A position is an offset with the identity of its file. Builds that did not know identities wrote the offset alone.
    """

    def __init__(self, path: str, new: int = 0, position: object = None) -> None:
        """Open a file, to go on from a position.

        Args:
            path: of the file.
            new: the offset from which on to read where there is no position, or it is one of another engine.
            position: as it was returned. If it is one of another file, which this one has taken the place of, all
                that this one tells is new.

        Raises:
            StorageError: it can't be read.
        """
        self._path = path
        self._connection = connect(path, read_only=True)
        self._table = SegmentTable(self._connection, "nudges")
        try:
            with translated(path):
                self._identity = identity(self._connection, path)
            self._next = self._start(new, position)
        except StorageError:
            self.close()
            raise

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
        position = {"file": self._identity, "offset": self._next}
        return Read([record.value for record in found], len(found) < _MOST, position)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _start(self, new: int, position: object) -> int:
        match position:
            case {"file": str(file), "offset": int(offset)}:
                pass
            case int(offset):
                file = self._identity
            case _:
                return new
        if file == self._identity and offset <= self.end():
            return offset
        logger.warning("%s: is another file than before, or an older state of it; its nudges are read anew", self._path)
        return 0
