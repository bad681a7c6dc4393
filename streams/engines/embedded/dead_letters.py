"""Records that could not be used, as they came, until somebody mends the cause and has them processed again."""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.domain.units import Millis
from streams.engines.port import DeadLetter


class Refused(NamedTuple):
    """A record about to become a dead letter."""

    offset: int
    received_at: Millis
    reason: str
    detail: str
    record: bytes


def add(connection: sqlite3.Connection, refused: Iterable[Refused]) -> None:
    """Keep records as dead letters."""
    connection.executemany(
        "INSERT INTO dead_letters (place, received_at, reason, detail, record) VALUES (?, ?, ?, ?, ?)", refused
    )


def read(connection: sqlite3.Connection, *, reason: str | None = None, everything: bool = False) -> Iterator[DeadLetter]:
    """Return dead letters, oldest first: those of one reason or of all, without those that were redriven."""
    rows = connection.execute(
        "SELECT id, place, received_at, reason, detail, record, redriven FROM dead_letters"
        " WHERE (? IS NULL OR reason = ?) AND (? OR NOT redriven) ORDER BY id",
        (reason, reason, everything),
    )
    for key, place, received_at, why, detail, record, redriven in rows:
        yield DeadLetter(key, place, received_at, why, detail, record, bool(redriven))


def mark_redriven(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Put down that dead letters were put in the log again."""
    connection.executemany("UPDATE dead_letters SET redriven = 1 WHERE id = ?", [(i,) for i in ids])
