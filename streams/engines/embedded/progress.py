"""How far the log was processed: the one row that moves together with everything that processing changed."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from streams.domain.throttle import Sent
from streams.domain.units import Millis
from streams.engines.embedded.database import decoding


class Progress(NamedTuple):
    """Where processing stands.

    Records before ``next`` were taken from the log; of those from ``low`` on, some still wait for the watermark.
    ``labels`` are the label values admitted so far, ``source`` is how far a source that can be resumed was read.
    ``windows`` are the lengths of the windows that all of it was judged by. ``sent`` is how much teams were nudged.
    """

    next: int = 0
    low: int = 0
    watermark: Millis | None = None
    labels: Mapping[str, list[str]] = {}
    source: Mapping[str, int] = {}
    windows: Mapping[str, Millis] = {}
    sent: Sequence[Sent] = ()


def read_progress(connection: sqlite3.Connection) -> Progress:
    """Return where processing stands; the beginning where none has been done."""
    row = connection.execute("SELECT value FROM progress").fetchone()
    if row is None:
        return Progress()
    with decoding("progress"):
        progress = Progress(*orjson.loads(row[0]))
        return progress._replace(sent=[Sent(*one) for one in progress.sent])


def write_progress(connection: sqlite3.Connection, progress: Progress) -> None:
    """Put down where processing stands."""
    value = orjson.dumps((*progress[:-1], [tuple(sent) for sent in progress.sent])).decode()
    connection.execute("INSERT OR REPLACE INTO progress VALUES (1, ?)", (value,))
