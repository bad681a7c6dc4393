"""The rows of a ServiceNow audit log, from its CSV text. One row is one line; a quoted field holds no newline."""

import csv
import re
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from operator import itemgetter
from typing import Final, NamedTuple

from streams.contracts.times import EPOCH
from streams.domain.units import SECOND, Millis
from streams.sources.files import DIGEST_BYTES, LineFile, Record, SourceError

COLUMNS: Final = (
    "number",
    "incident_state",
    "opened_at",
    "sys_updated_at",
    "caller_id",
    "contact_type",
    "category",
    "subcategory",
    "assignment_group",
    "made_sla",
)
"""The columns that are read; a log may have more, in any order."""

_MISSING: Final = frozenset(("", "?", "-100"))
"""How the log writes that it does not know; ``-100`` is so written for a state."""
_TIME: Final = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}) ([0-9]{1,2}):([0-9]{2})")


class Row(NamedTuple):
    """What an incident was after one change, by :data:`COLUMNS`; ``None`` is what the log does not know."""

    number: str
    state: str | None
    opened_at: Millis
    updated_at: Millis
    caller: str | None
    channel: str | None
    category: str | None
    subcategory: str | None
    group: str | None
    made_sla: str | None


class Table(NamedTuple):
    """The rows of a log in its order, the lines that are none as they came, what is wrong with each, and a digest."""

    rows: list[Row]
    refused: list[bytes]
    complaints: list[str]
    digest: str


def read_table(lines: LineFile) -> Table:
    """Read a log, the header first.

    Raises:
        SourceError: a column is missing, or the file can't be read to its end.
    """
    records = iter(lines)
    header = next(records, None)
    parse = _parser(lines.name, header)
    whole = blake2b(b"" if header is None else header.raw, digest_size=DIGEST_BYTES)
    rows: list[Row] = []
    refused: list[bytes] = []
    complaints: list[str] = []
    for raw, number in records:
        whole.update(b"\n" + raw)
        try:
            if len(raw) > lines.limit:
                msg = f"longer than {lines.limit} bytes"
                raise ValueError(msg)  # noqa: TRY301 - one way out for whatever is wrong with a row
            rows.append(parse(raw))
        except (ValueError, csv.Error) as error:
            complaints.append(f"line {number}: {error}")
            refused.append(raw)
    return Table(rows, refused, complaints, whole.hexdigest())


def _parser(name: str, header: Record | None) -> Callable[[bytes], Row]:
    """Return what makes a row of a line, by the header of the log.

    Raises:
        SourceError: a column is missing.
    """
    columns = [] if header is None else [column.strip() for column in _fields(header.raw.decode(errors="replace"))]
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        msg = f"{name}: the header lacks {', '.join(missing)}; export the audit log with these columns, header first"
        raise SourceError(msg)
    pick = itemgetter(*map(columns.index, COLUMNS))
    times: dict[str, Millis] = {}

    def time(text: str) -> Millis:
        if text not in times:
            times[text] = _millis(text)
        return times[text]

    def parse(raw: bytes) -> Row:
        fields = _fields(raw.decode())
        if len(fields) != len(columns):
            msg = f"{len(fields)} columns instead of {len(columns)}"
            raise ValueError(msg)
        number, state, opened_at, updated_at, *rest = pick(fields)
        if number in _MISSING:
            msg = "no incident number"
            raise ValueError(msg)
        known = [None if text in _MISSING else text for text in (state, *rest)]
        return Row(number, known[0], time(opened_at), time(updated_at), *known[1:])

    return parse


def _fields(line: str) -> list[str]:
    return next(csv.reader([line]), [])


def _millis(text: str) -> Millis:
    """Read a time, day before month, to the minute, taken as UTC."""
    match = _TIME.fullmatch(text)
    if match is None:
        msg = f"{text!r} is no time such as 29/2/2016 01:16"
        raise ValueError(msg)
    day, month, year, hour, minute = map(int, match.groups())
    since = datetime(year, month, day, hour, minute, tzinfo=UTC) - EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND
