"""Puts records in the log of a file while its engine runs, in another thread or in another process."""

from collections.abc import Sequence
from threading import Lock

from streams.domain.units import Millis
from streams.engines.embedded.database import connect, transaction, translated
from streams.engines.embedded.log import SegmentTable


class Appender:
    """Writes to the log through a connection of its own, so that it waits for the engine's commits alone."""

    def __init__(self, path: str) -> None:
        """Open a file.

        Raises:
            StorageError: if it can't be written.
        """
        self._path = path
        self._connection = connect(path)
        self._log = SegmentTable(self._connection, "log")
        self._lock = Lock()

    def append(self, records: Sequence[bytes], received_at: Millis) -> int:
        """Put records in the log, from any thread; durable on return. Return the offset after the last one.

        Raises:
            StorageError: if the log can't be written; none of the records is in it then.
        """
        with self._lock, translated(self._path), transaction(self._connection):
            return self._log.append(records, received_at, self._log.end())

    def close(self) -> None:
        """Let go of the file, once nobody appends any more."""
        with self._lock:
            self._connection.close()
