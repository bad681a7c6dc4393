"""The processors' state in the SQLite file, with a bounded cache of what was touched last."""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

import orjson

from streams.domain.account import Maturing
from streams.domain.units import Millis
from streams.engines.embedded.database import decoding
from streams.processors.changes import States, Timers
from streams.processors.codec import Plain, freeze_maturing, thaw_maturing

S = TypeVar("S")


class Codec(NamedTuple, Generic[S]):
    """How a state becomes plain and comes back, and from when on it need not be kept."""

    freeze: Callable[[S], Plain]
    thaw: Callable[[Plain], S]
    expires_at: Callable[[S], Millis]


class StateTable(Generic[S]):
    """The states of one processor, by key. The cache holds what was committed, and nothing else."""

    def __init__(self, connection: sqlite3.Connection, table: str, codec: Codec[S], cached: int = 50_000) -> None:
        self._connection = connection
        self._table = table
        self._codec = codec
        self._cached = cached
        self._cache: dict[str, S] = {}

    def load(self, states: States[S], keys: Iterable[str]) -> None:
        """Load the states of keys that are not among the loaded ones yet."""
        missing = []
        cache, loaded = self._cache, states.loaded
        for key in keys:
            if key in loaded:
                continue
            state = cache.get(key)
            if state is not None:
                loaded[key] = state
            else:
                missing.append(key)
        if missing:
            rows = self._connection.execute(
                f"SELECT key, value FROM {self._table} WHERE key IN (SELECT value FROM json_each(?))",  # noqa: S608
                (orjson.dumps(missing).decode(),),
            )
            with decoding(self._table):
                for key, value in rows:
                    loaded[key] = self._codec.thaw(orjson.loads(value))

    def save(self, states: States[S]) -> None:
        """Write the states that were changed."""
        gone = []
        rows = []
        for key, state in states.changed():
            if state is None:
                gone.append((key,))
            else:
                rows.append((key, self._codec.expires_at(state), orjson.dumps(self._codec.freeze(state))))
        rows.sort()
        self._connection.executemany(
            f"INSERT INTO {self._table} VALUES (?, ?, ?) ON CONFLICT (key)"  # noqa: S608
            " DO UPDATE SET expires_at = excluded.expires_at, value = excluded.value",
            rows,
        )
        if gone:
            self._connection.executemany(f"DELETE FROM {self._table} WHERE key = ?", gone)  # noqa: S608

    def expire(self, before: Millis) -> None:
        """Let go of the states that nothing can change any more."""
        self._connection.execute(f"DELETE FROM {self._table} WHERE expires_at <= ?", (before,))  # noqa: S608

    def committed(self, states: States[S]) -> None:
        """Remember what a committed batch has touched."""
        cache = self._cache
        for key in states.dirty:
            cache.pop(key, None)
        cache.update(states.loaded)
        surplus = len(cache) - self._cached
        if surplus > 0:
            for key in list(cache)[: surplus + self._cached // 4]:
                del cache[key]


def load_timers(connection: sqlite3.Connection, horizon: Millis) -> Timers:
    """Return the timers that are due before a time."""
    rows = connection.execute("SELECT due, id, value FROM timers WHERE due < ?", (horizon,))
    with decoding("timers"):
        return Timers(horizon, [((due, key), thaw_maturing(orjson.loads(value))) for due, key, value in rows])


def save_timers(connection: sqlite3.Connection, timers: Timers) -> None:
    """Write what a batch changed of the timers: all that was due before its horizon has fired."""
    connection.execute("DELETE FROM timers WHERE due < ?", (timers.horizon,))
    connection.executemany("DELETE FROM timers WHERE due = ? AND id = ?", sorted(timers.to_clear))
    rows: list[tuple[Millis, str, bytes]] = sorted(
        (due, key, _dump(maturing)) for (due, key), maturing in timers.to_set.items()
    )
    connection.executemany("INSERT OR REPLACE INTO timers VALUES (?, ?, ?)", rows)


def _dump(maturing: Maturing) -> bytes:
    return orjson.dumps(freeze_maturing(maturing))
