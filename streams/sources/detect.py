"""Which format a file is in, by what it holds, and the source that reads it."""

from enum import StrEnum
from typing import Final

from streams.contracts.decode import MAX_BYTES
from streams.sources.files import LineFile, Record, Source
from streams.sources.servicenow import ServiceNowLog

_SIGNS: Final = {b"incident_state", b"sys_updated_at"}
"""Columns that no other table has. One is enough, so that a log that lacks the other is refused by its missing column
rather than taken for events, line by line."""


class Format(StrEnum):
    """What the lines of a file are."""

    AUTO = "auto"
    EVENTS = "events"
    SERVICENOW = "servicenow"


def open_source(path: str, as_format: Format = Format.AUTO, limit: int = MAX_BYTES) -> Source:
    """Open a file of records, or the standard input where the path is ``-``.

    Args:
        path: a file, plain, gzip or zip.
        as_format: what it holds; ``auto`` looks at its first line.
        limit: the most bytes of a line that are read.

    Raises:
        SourceError: it can't be opened, or is cut off within its first line.
    """
    lines = LineFile(path, limit)
    try:
        found = _format_of(lines.peek()) if as_format is Format.AUTO else as_format
    except BaseException:
        lines.close()
        raise
    return ServiceNowLog(lines) if found is Format.SERVICENOW else lines


def _format_of(first: Record | None) -> Format:
    """Tell a table's header from an event. What is neither is for the dead letters, which is where events lead."""
    columns = {column.strip(b' "') for column in first.raw.split(b",")} if first is not None else set()
    return Format.SERVICENOW if columns & _SIGNS else Format.EVENTS
