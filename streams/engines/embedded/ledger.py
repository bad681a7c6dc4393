"""The ledger in the SQLite file: added to in the same transaction as the state, read by anyone."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping

import orjson

from streams.domain.ledger import (
    COHORTS_KEPT,
    SLOTS_KEPT,
    TOTALS,
    Additions,
    Entry,
    Exemplar,
    Labels,
    Series,
    hour_of,
    slot_of,
)
from streams.domain.units import Millis
from streams.engines.embedded.database import connect, decoding, translated
from streams.engines.embedded.progress import read_progress


def add(connection: sqlite3.Connection, additions: Additions) -> None:
    """Add a batch's additions to the ledger."""
    rows = sorted(
        (hour, _series(name, labels), added, retracted)
        for (hour, name, labels), added, retracted in additions.entries()
    )
    connection.executemany(
        "INSERT INTO ledger VALUES (?, ?, ?, ?) ON CONFLICT (hour, series)"
        " DO UPDATE SET added = added + excluded.added, retracted = retracted + excluded.retracted",
        rows,
    )
    connection.executemany(
        "INSERT INTO exemplars VALUES (?, ?, ?, ?) ON CONFLICT (series) DO UPDATE SET"
        " contact_id = excluded.contact_id, value = excluded.value, occurred_at = excluded.occurred_at",
        [(_series(name, labels), *exemplar) for (name, labels), exemplar in additions.exemplars.items()],
    )


def trim(connection: sqlite3.Connection, watermark: Millis) -> None:
    """Let go of the entries of hours and slots too old to matter to anything that is told."""
    connection.execute("DELETE FROM ledger WHERE hour > ? AND hour < ?", (TOTALS, hour_of(watermark - COHORTS_KEPT)))
    # The earlier a slot, the less it is below zero.
    connection.execute("DELETE FROM ledger WHERE hour < ? AND hour > ?", (TOTALS, slot_of(watermark - SLOTS_KEPT)))


class SqliteLedger:
    """Reads the ledger of a file, through a connection of its own so that it never waits for the engine."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, path: str) -> "SqliteLedger":
        """Open a file for reading only.

        Raises:
            StorageError: if it is missing or not a file of the monitor.
        """
        return cls(connect(path, read_only=True), path)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def totals(self) -> Iterable[Entry]:
        """Return the cumulative totals."""
        return self._entries("hour = ?", TOTALS)

    def cohorts(self, since_hour: int) -> Iterable[Entry]:
        """Return the entries that belong to an hour, from ``since_hour`` on."""
        return self._entries("hour >= ? AND hour > 0", since_hour)

    def slots(self) -> Iterable[Entry]:
        """Return the entries that belong to a slot."""
        return self._entries("hour < ?", TOTALS)

    def exemplars(self) -> Mapping[tuple[str, Labels], Exemplar]:
        """Return the contact that stands for each bucket of a histogram."""
        with translated(self._path), decoding("exemplars"):
            rows = self._connection.execute("SELECT series, contact_id, value, occurred_at FROM exemplars")
            return {_key(series): Exemplar(contact_id, value, at) for series, contact_id, value, at in rows}

    def health(self) -> Mapping[str, float]:
        """Return the engine's own gauges by metric name."""
        with translated(self._path):
            return self._health()

    def _health(self) -> Mapping[str, float]:
        progress = read_progress(self._connection)
        end = self._one("SELECT coalesce((SELECT after FROM log ORDER BY first DESC LIMIT 1), 0)")
        gauges = {
            "monitor_log_end_offset": float(end),
            "monitor_log_applied_offset": float(progress.next),
            "monitor_state_rows": float(
                self._one(
                    "SELECT (SELECT count(*) FROM contacts) + (SELECT count(*) FROM journeys)"
                    " + (SELECT count(*) FROM agents) + (SELECT count(*) FROM alarms)"
                )
            ),
            "monitor_open_timers": float(self._one("SELECT count(*) FROM timers")),
        }
        if progress.watermark is not None:
            gauges["monitor_watermark_timestamp_seconds"] = progress.watermark / 1000
        return gauges

    def _entries(self, where: str, *arguments: int) -> Iterator[Entry]:
        with translated(self._path), decoding("ledger"):
            rows = self._connection.execute(
                f"SELECT hour, series, added, retracted FROM ledger WHERE {where}",  # noqa: S608 — ours, not input
                arguments,
            ).fetchall()
            for hour, series, added, retracted in rows:
                yield Entry(Series(hour, *_key(series)), added, retracted)

    def _one(self, query: str) -> int:
        (value,) = self._connection.execute(query).fetchone()
        return int(value)


def _series(name: str, labels: Labels) -> str:
    return orjson.dumps((name, *labels)).decode()


def _key(series: str) -> tuple[str, Labels]:
    name, *labels = orjson.loads(series)
    return name, tuple(labels)
