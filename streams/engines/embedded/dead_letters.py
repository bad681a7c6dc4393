"""Records that could not be used, as they came, until somebody mends the cause and has them processed again."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

from streams.domain.units import Millis
from streams.engines.embedded.database import connect, transaction, translated
from streams.engines.embedded.log import SegmentTable
from streams.engines.intake import Refused
from streams.engines.port import DeadLetter

_SEGMENT = 5_000


def add(connection: sqlite3.Connection, refused: Iterable[Refused]) -> None:
    """Keep records as dead letters."""
    connection.executemany(
        "INSERT INTO dead_letters (place, received_at, reason, detail, record) VALUES (?, ?, ?, ?, ?)", refused
    )


def read(
    connection: sqlite3.Connection, *, reason: str | None = None, everything: bool = False
) -> Iterator[DeadLetter]:
    """Return dead letters, oldest first: those of one reason or of all, without those that were redriven."""
    rows = connection.execute(
        "SELECT id, place, received_at, reason, detail, record, redriven FROM dead_letters"
        " WHERE (? IS NULL OR reason = ?) AND (? OR NOT redriven) ORDER BY id",
        (reason, reason, everything),
    )
    for key, place, received_at, why, detail, record, redriven in rows:
        yield DeadLetter(str(key), place, received_at, why, detail, record, bool(redriven))


class FileDeadLetters:
    """The dead letters in a file; another process may run on it."""

    def __init__(self, path: str) -> None:
        self._path = path

    def read(self, *, reason: str | None = None, everything: bool = False) -> Iterator[DeadLetter]:
        """Return dead letters, oldest first: those of one reason or of all, without those that were redriven.

        Raises:
            StorageError: the file can't be read.
        """
        with closing(connect(self._path, read_only=True)) as connection, translated(self._path):
            yield from read(connection, reason=reason, everything=everything)

    def redrive(self, letters: Sequence[tuple[str, bytes]], received_at: Millis) -> None:
        """Put dead letters in the log again and mark them, in one step.

        Args:
            letters: their ids, each with the record to put in the log: as it came, or corrected.
            received_at: when that is, to judge the times that the records tell.

        Raises:
            StorageError: the file can't be written; nothing has changed then.
        """
        with closing(connect(self._path)) as connection, translated(self._path), transaction(connection):
            log = SegmentTable(connection, "log")
            for start in range(0, len(letters), _SEGMENT):
                log.append([record for _, record in letters[start : start + _SEGMENT]], received_at, log.end())
            marks = [(int(letter),) for letter, _ in letters]
            connection.executemany("UPDATE dead_letters SET redriven = 1 WHERE id = ?", marks)
