"""The audit log of a ServiceNow service desk, one row for each change of an incident, as events.

An incident is a contact, and its caller the customer. Only what a row could know when it was written is read:
``resolved_at`` and ``closed_at`` are filled in afterwards on every row, and would tell the future.

The log is in order of incidents, events are in order of time: it is read whole before the first event is given. A log
that is cut off therefore gives none at all, rather than incidents whose end is missing.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Final

from typing_extensions import override

from streams.contracts.encode import encode
from streams.domain import events as e
from streams.domain.policy import UNKNOWN
from streams.domain.units import Millis
from streams.sources.files import LineFile, Record, Source
from streams.sources.servicenow_rows import Row, Table, read_table

SOURCE: Final = "servicenow"

_AT_REST: Final = ("Resolved", "Closed")
_COMPLAINTS: Final = 10
"""How many lines that are no rows are told of one by one: a dead letter can only say that they are no events."""
_SLA: Final[Mapping[str | None, bool]] = {"true": True, "false": False}


class ServiceNowLog(Source):
    """The events of an audit log in order of time, after the rows that could not be read, and a tick at its end.

    Such a row is given as it came, so that it ends in the dead letters; the others of its incident count all the same.
    ``bytes_read`` is the share of the events that were given, in terms of the file's size.
    """

    def __init__(self, lines: LineFile) -> None:
        """Take the lines of the log, the header first."""
        self._lines = lines
        self._given = 0.0
        self._notes: list[str] = []

    @override
    def __iter__(self) -> Iterator[Record]:
        table = self._table
        incidents: dict[str, list[Row]] = {}
        for row in table.rows:
            incidents.setdefault(row.number, []).append(row)
        told = [event for incident in incidents.values() for event in events_of(incident)]
        events = [event for event in told if not _is_nobodys(event)]
        events.sort(key=attrgetter("occurred_at"))
        if events:
            events.append(_tick(max(events[-1].occurred_at, *(row.updated_at for row in table.rows))))
        self._note(len(table.refused), f"lines are no rows and go to the dead letters: {_first_of(table.complaints)}")
        self._note(
            sum(map(_is_nobodys, told)), "reopenings and renewed resolutions are left out: nobody knows whose they are"
        )
        early = sum(row.updated_at < row.opened_at for row in table.rows)
        self._note(early, "rows are older than the opening of their incident, and are taken at it")
        for position, item in enumerate((*table.refused, *events), start=1):
            self._given = position / (len(table.refused) + len(events))
            yield Record(item if isinstance(item, bytes) else encode(item), position)

    @property
    @override
    def fingerprint(self) -> str:
        """The digest of the whole log: one line more, and the events after it in time have other positions."""
        return self._table.digest

    @property
    @override
    def total_bytes(self) -> int | None:
        return self._lines.total_bytes

    @property
    @override
    def bytes_read(self) -> int:
        return int(self._given * self._lines.bytes_read)

    @property
    @override
    def notes(self) -> Sequence[str]:
        return self._notes

    @override
    def close(self) -> None:
        self._lines.close()

    @cached_property
    def _table(self) -> Table:
        return read_table(self._lines)

    def _note(self, n: int, what: str) -> None:
        if n:
            self._notes.append(f"{self._lines.name}: {n} {what}")


def _first_of(complaints: Sequence[str]) -> str:
    more = len(complaints) - _COMPLAINTS
    return "; ".join([*complaints[:_COMPLAINTS], *([f"and {more} more"] if more > 0 else [])])


def _is_nobodys(event: e.Event) -> bool:
    return isinstance(event, e.CaseReopened | e.CaseResolved) and not event.customer_id


def _tick(at: Millis) -> e.ClockTicked:
    return e.ClockTicked(f"{SOURCE}@{at}:clock.tick", at, SOURCE)


def events_of(incident: Sequence[Row]) -> Iterator[e.Event]:
    """Yield the events of one incident from its rows, in the order in which they were written.

    Nothing happens to a contact before it arrives: rows stamped before the opening are taken at it. A reopening of
    nobody's incident has an empty customer id.
    """
    first = incident[0]
    rows = [row._replace(updated_at=max(row.updated_at, first.opened_at)) for row in incident]
    reason = f"{first.category}/{first.subcategory}" if first.category and first.subcategory else None
    yield e.ContactOffered(
        _id(first, 1, "contact.offered"),
        first.opened_at,
        SOURCE,
        first.number,
        first.channel or UNKNOWN,
        first.caller,
        first.group,
        reason=reason,
    )
    end = _end(rows)
    yield from _in_work(rows if end is None else rows[: end + 1])
    if end is None:
        return
    caller = next((row.caller for row in rows[: end + 1] if row.caller), "")
    yield from _at_rest_or_not(rows, end, caller)
    last = rows[-1]
    if last.made_sla in _SLA:  # whether it was met is not certain before the last row
        sla_id = _id(last, len(rows), "sla_met")
        yield e.ContactUpdated(sla_id, last.updated_at, SOURCE, last.number, sla_met=_SLA[last.made_sla])


def _end(rows: Sequence[Row]) -> int | None:
    """Return the index of the row that ends the incident first: Resolved, or Closed where it never was Resolved."""
    states = [row.state for row in rows]
    return next((states.index(state) for state in _AT_REST if state in states), None)


def _in_work(rows: Sequence[Row]) -> Iterator[e.Event]:
    """Yield what became known until the first end, the row of the end included: who calls, and which queue has it."""
    caller, queue = rows[0].caller, rows[0].group
    for n, row in enumerate(rows, start=1):
        at, number = row.updated_at, row.number
        if caller is None and row.caller is not None:
            caller = row.caller
            yield e.ContactIdentified(_id(row, n, "contact.identified"), at, SOURCE, number, caller)
        if row.group is None or row.group == queue:
            continue
        if queue is None:
            yield e.ContactUpdated(_id(row, n, "contact.updated"), at, SOURCE, number, queue=row.group)
        else:
            yield e.ContactTransferred(_id(row, n, "contact.transferred"), at, SOURCE, number, row.group)
        queue = row.group


def _at_rest_or_not(rows: Sequence[Row], end: int, caller: str) -> list[e.Event]:
    """Return the first end, and each reopening and renewed resolution of its case after it.

    The order of the file is what happened, also where two changes bear the same minute or the clock went back. Of facts
    of the same instant the end comes first, so an end in the minute of its reopening is put a millisecond behind it; it
    is left out if it is undone within that minute.
    """
    told: list[e.Event] = []
    for n, row in enumerate(rows[end:], start=end + 1):
        at_rest = bool(told) and not isinstance(told[-1], e.CaseReopened)
        settles = row.state in _AT_REST
        if row.state is None or settles == at_rest:
            continue
        at = row.updated_at
        if settles:
            if told:
                at = max(at, told[-1].occurred_at + 1)
                event_id = _id(row, n, "case.resolved")
                told.append(e.CaseResolved(event_id, at, SOURCE, row.number, caller, contact_id=row.number))
            else:
                told.append(e.ContactEnded(_id(row, n, "contact.ended"), at, SOURCE, row.number, claimed_resolved=True))
        elif len(told) > 1 and at < told[-1].occurred_at:
            told.pop()
        else:
            at = max(at, told[-1].occurred_at)
            event_id = _id(row, n, "case.reopened")
            told.append(e.CaseReopened(event_id, at, SOURCE, row.number, caller, contact_id=row.number))
    return told


def _id(row: Row, n: int, what: str) -> str:
    """Return the id of an event: its incident, which of its rows says so (from 1), and what it says."""
    return f"{row.number}#{n}:{what}"
