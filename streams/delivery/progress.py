"""How far each webhook is, and what it was sent: one small SQLite file, so that a restart loses nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import orjson

from streams.delivery.nudge import Nudge
from streams.delivery.source import Position
from streams.domain.units import DAY, Millis

_KEPT: Final[Millis] = DAY
"""A nudge stays done for so long after it expired: nothing could bring it again then."""

_POSITION: Final = "CREATE TABLE IF NOT EXISTS position (webhook TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
_FINISHED: Final = """CREATE TABLE IF NOT EXISTS finished (
    webhook TEXT NOT NULL, content TEXT NOT NULL, forget_at INTEGER NOT NULL,
    PRIMARY KEY (webhook, content)) WITHOUT ROWID"""
_OF_EARLIER_BUILDS: Final = (
    "CREATE TABLE IF NOT EXISTS done (webhook TEXT, nudge TEXT, content TEXT, forget_at INTEGER)",
    "INSERT OR IGNORE INTO finished SELECT webhook, content, forget_at FROM done",
    "DROP TABLE done",
)
"""They kept the newest content of each nudge only."""
_OPENING: Final = (
    "PRAGMA locking_mode = EXCLUSIVE",  # two that deliver would deliver twice: whoever has the file keeps it
    "PRAGMA synchronous = FULL",
    "BEGIN IMMEDIATE",
    _POSITION,
    _FINISHED,
    *_OF_EARLIER_BUILDS,
    "COMMIT",
)


class ProgressError(OSError):
    """The file can't be used."""


class Progress:
    """The file. What was noted is on disk on return. Nobody else can use it at the same time."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises:
            ProgressError: it can't be used, or another process does.
        """
        self._path = path
        with self._told():
            self._connection = sqlite3.connect(path, timeout=0, isolation_level=None)
            for line in _OPENING:
                self._connection.execute(line)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def position(self, webhook: str) -> Position | None:
        """Return where a webhook goes on; ``None`` where it has never been.

        Raises:
            ProgressError: the file can't be read.
        """
        with self._told():
            found = self._connection.execute("SELECT value FROM position WHERE webhook = ?", (webhook,)).fetchone()
        return None if found is None else orjson.loads(found[0])

    def move(self, webhook: str, position: Position, now: Millis) -> None:
        """Note where a webhook goes on: all before that is delivered, given up, or not for it.

        Raises:
            ProgressError: the file can't be written.
        """
        with self._told():
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("REPLACE INTO position VALUES (?, ?)", (webhook, orjson.dumps(position).decode()))
            self._connection.execute("DELETE FROM finished WHERE webhook = ? AND forget_at <= ?", (webhook, now))
            self._connection.execute("COMMIT")

    def is_done(self, webhook: str, nudge: Nudge) -> bool:
        """Say whether a nudge with this content was delivered or given up.

        Raises:
            ProgressError: the file can't be read.
        """
        question = "SELECT 1 FROM finished WHERE webhook = ? AND content = ?"
        with self._told():
            return self._connection.execute(question, (webhook, nudge.content)).fetchone() is not None

    def finish(self, webhook: str, nudge: Nudge, now: Millis) -> None:
        """Note that a nudge with this content was delivered or given up.

        Raises:
            ProgressError: the file can't be written.
        """
        forget_at = max(nudge.expires_at, now) + _KEPT
        with self._told():
            line = "REPLACE INTO finished VALUES (?, ?, ?)"
            self._connection.execute(line, (webhook, nudge.content, forget_at))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            busy = "another process delivers with it, or " if "locked" in str(error) else ""
            msg = f"{self._path}: {error}: {busy}it is not writable, damaged or on a full disk"
            raise ProgressError(msg) from error
