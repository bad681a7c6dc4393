"""The SQLite file: its tables, how it is opened, and who may write to it."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import error as StructError  # noqa: N812 - it is a class, whatever it is called
from typing import IO

from streams.engines.port import StorageError

MEMORY = ":memory:"

_APPLICATION = int.from_bytes(b"OutM")
"""What tells a file of the monitor from those of other programs."""

_VERSION = 2

_IDENTITY = (
    "CREATE TABLE IF NOT EXISTS identity (only INTEGER PRIMARY KEY CHECK (only = 1), value TEXT NOT NULL)",
    "INSERT OR IGNORE INTO identity VALUES (1, lower(hex(randomblob(16))))",
)
"""What tells a file from any other, also from one that takes its place; earlier builds made files without it."""

_SCHEMA = """
CREATE TABLE progress (only INTEGER PRIMARY KEY CHECK (only = 1), value TEXT NOT NULL);
CREATE TABLE log (
    first INTEGER PRIMARY KEY, after INTEGER NOT NULL, received_at INTEGER NOT NULL, records BLOB NOT NULL);
CREATE TABLE outbox (
    first INTEGER PRIMARY KEY, after INTEGER NOT NULL, received_at INTEGER NOT NULL, records BLOB NOT NULL);
CREATE TABLE nudges (
    first INTEGER PRIMARY KEY, after INTEGER NOT NULL, received_at INTEGER NOT NULL, records BLOB NOT NULL);
CREATE TABLE contacts (key TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, value BLOB NOT NULL)
    WITHOUT ROWID;
CREATE INDEX contacts_by_expiry ON contacts (expires_at);
CREATE TABLE journeys (key TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, value BLOB NOT NULL)
    WITHOUT ROWID;
CREATE INDEX journeys_by_expiry ON journeys (expires_at);
CREATE TABLE agents (key TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, value BLOB NOT NULL)
    WITHOUT ROWID;
CREATE INDEX agents_by_expiry ON agents (expires_at);
CREATE TABLE alarms (key TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, value BLOB NOT NULL)
    WITHOUT ROWID;
CREATE INDEX alarms_by_expiry ON alarms (expires_at);
CREATE TABLE timers (due INTEGER NOT NULL, id TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (due, id))
    WITHOUT ROWID;
CREATE TABLE ledger (
    hour INTEGER NOT NULL, series TEXT NOT NULL, added INTEGER NOT NULL, retracted INTEGER NOT NULL,
    PRIMARY KEY (hour, series)) WITHOUT ROWID;
CREATE TABLE exemplars (
    series TEXT PRIMARY KEY, contact_id TEXT NOT NULL, value INTEGER NOT NULL, occurred_at INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT, place INTEGER NOT NULL, received_at INTEGER NOT NULL, reason TEXT NOT NULL,
    detail TEXT NOT NULL, record BLOB NOT NULL, redriven INTEGER NOT NULL DEFAULT 0);
"""


_NOT_OURS = "not a file of this monitor, or damaged; move it away or restore a backup"

_HINTS = {
    "database or disk is full": "free some space and start again; nothing that was acknowledged is lost",
    "disk I/O error": "look for a full disk, a quota or a failing device; nothing that was acknowledged is lost",
    "attempt to write a readonly database": "make the file and its folder writable for this user",
    "unable to open database file": "check that its folder exists and is writable",
    "database is locked": "another process keeps the file locked; stop it or wait for it",
}

_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, StructError)
"""What decoding raises of bytes that it was not made for."""


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn what SQLite says into a :class:`StorageError` that says what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        hint = next((hint for text, hint in _HINTS.items() if text in str(error)), "see SQLite's documentation")
        msg = f"{path}: {error}: {hint}"
        raise StorageError(msg) from error
    except sqlite3.DatabaseError as error:
        msg = f"{path}: {error}: {_NOT_OURS}"
        raise StorageError(msg) from error


@contextmanager
def decoding(table: str) -> Iterator[None]:
    """Take what can't be decoded for damage, because only the monitor writes to its file."""
    try:
        yield
    except _UNREADABLE as error:
        msg = f"what is in {table} can't be read"
        raise sqlite3.DatabaseError(msg) from error


def connect(path: str, *, durable: bool = True, read_only: bool = False) -> sqlite3.Connection:
    """Open the file, making it where it is missing.

    Args:
        path: of the file, or ``:memory:`` for one that ends with the connection.
        durable: whether a commit must survive a power cut; otherwise it survives any end of the process.
        read_only: refuse to write, and to make a missing file.

    Raises:
        StorageError: it can't be opened or written, or isn't a file of this version of the monitor.
    """
    with translated(path):
        if read_only:
            uri = Path(path).absolute().as_uri() + "?mode=ro"
            connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        else:
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA busy_timeout = 10000")
            connection.execute("PRAGMA cache_size = -65536")
            is_new = not read_only and _is_empty(connection)
            if not is_new:
                _check(connection, path)
            if not read_only:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                with transaction(connection):  # also where nothing is made: who can't write shall know at once
                    if is_new and _is_empty(connection):
                        _create(connection)
                    for statement in _IDENTITY:
                        connection.execute(statement)
        except BaseException:
            connection.close()
            raise
    return connection


def _is_empty(connection: sqlite3.Connection) -> bool:
    (things,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return not things


def _check(connection: sqlite3.Connection, path: str) -> None:
    if _is_empty(connection):
        msg = f"{path}: is empty; run or replay has not written to it yet"
        raise StorageError(msg)
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION:
        msg = f"{path}: {_NOT_OURS}"
        raise StorageError(msg)
    if version != _VERSION:
        msg = f"{path}: written by another version of the monitor (format {version}, this one has {_VERSION})"
        raise StorageError(msg)


def _create(connection: sqlite3.Connection) -> None:
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def identity(connection: sqlite3.Connection, path: str) -> str:
    """Return what tells a file from any other that has, or had, its name.

    Raises:
        StorageError: it has none, since only an earlier build has written to it.
    """
    if not connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'identity'").fetchone()[0]:
        msg = f"{path}: written by an earlier build of the monitor; start run on it once, with this one"
        raise StorageError(msg)
    (value,) = connection.execute("SELECT value FROM identity").fetchone()
    return str(value)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do everything or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # where the disk is full, SQLite has rolled back by itself
            connection.execute("ROLLBACK")
        raise


def own(path: str) -> IO[bytes] | None:
    """Claim the right to process a file's log, for as long as the returned handle is open.

    Raises:
        StorageError: if another process has it.
    """
    if path == MEMORY:
        return None
    if Path(path).is_dir():
        msg = f"{path}: is a folder; name a file in it"
        raise StorageError(msg)
    try:
        handle = Path(f"{Path(path).resolve()}.lock").open("ab")  # noqa: SIM115 - the lock is held as long as it is open
    except OSError as error:
        msg = f"{path}.lock: {error.strerror}: check that its folder exists and is writable"
        raise StorageError(msg) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        handle.close()
        msg = f"{path}: another process is running on this file; stop it first, or give another file with --db"
        raise StorageError(msg) from error
    return handle


def is_running(path: str) -> bool:
    """Say whether another process has the right to process a file's log at the moment."""
    try:
        handle = own(path)
    except StorageError as error:
        return isinstance(error.__cause__, BlockingIOError)
    if handle is not None:
        handle.close()
    return False
