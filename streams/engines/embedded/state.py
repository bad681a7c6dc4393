"""The processors' states and timers in the SQLite file."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import TypeVar

import orjson

from streams.domain.units import Millis
from streams.engines.embedded.database import decoding
from streams.engines.states import Codec, StateCache, dumps
from streams.processors.changes import States, Timers
from streams.processors.codec import thaw_timer

S = TypeVar("S")


class StateTable(StateCache[S]):
    """The states of one processor, by key."""

    def __init__(self, connection: sqlite3.Connection, table: str, codec: Codec[S]) -> None:
        self._connection = connection
        self._table = table
        super().__init__(codec, self._select)

    def load(self, states: States[S], keys: Iterable[str]) -> None:
        """Load the states of keys that are not among the loaded ones yet."""
        with decoding(self._table):
            super().load(states, keys)

    def save(self, states: States[S]) -> None:
        """Write the states that were changed."""
        changed = self.changed(states)
        self._connection.executemany(
            f"INSERT INTO {self._table} VALUES (?, ?, ?) ON CONFLICT (key)"  # noqa: S608
            " DO UPDATE SET expires_at = excluded.expires_at, value = excluded.value",
            [change for change in changed if change.value is not None],
        )
        gone = [(change.key,) for change in changed if change.value is None]
        if gone:
            self._connection.executemany(f"DELETE FROM {self._table} WHERE key = ?", gone)  # noqa: S608

    def expire(self, before: Millis) -> None:
        """Let go of the states that nothing can change any more."""
        self._connection.execute(f"DELETE FROM {self._table} WHERE expires_at <= ?", (before,))  # noqa: S608

    def _select(self, keys: Sequence[str]) -> Iterable[tuple[str, bytes]]:
        return self._connection.execute(
            f"SELECT key, value FROM {self._table} WHERE key IN (SELECT value FROM json_each(?))",  # noqa: S608
            (orjson.dumps(keys).decode(),),
        )


def load_timers(connection: sqlite3.Connection, horizon: Millis) -> Timers:
    """Return the timers that are due before a time."""
    rows = connection.execute("SELECT due, id, value FROM timers WHERE due < ?", (horizon,))
    with decoding("timers"):
        return Timers(horizon, [((due, key), thaw_timer(orjson.loads(value))) for due, key, value in rows])


def save_timers(connection: sqlite3.Connection, timers: Timers) -> None:
    """Write what a batch changed of the timers: all that was due before its horizon has fired."""
    connection.execute("DELETE FROM timers WHERE due < ?", (timers.horizon,))
    connection.executemany("DELETE FROM timers WHERE due = ? AND id = ?", sorted(timers.to_clear))
    rows: list[tuple[Millis, str, bytes]] = sorted(
        (due, key, dumps(timer)) for (due, key), timer in timers.to_set.items()
    )
    connection.executemany("INSERT OR REPLACE INTO timers VALUES (?, ?, ?)", rows)
