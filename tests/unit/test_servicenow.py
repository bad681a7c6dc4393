"""The ServiceNow audit log: what its rows say, as events, and nothing that they do not say."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.decode import BadRecord, Reason, decode
from streams.domain import events as e
from streams.domain.events import Event
from streams.domain.units import DAY
from streams.sources.detect import Format, open_source
from streams.sources.files import SourceError
from streams.sources.servicenow_rows import COLUMNS
from tests import bruteforce

SMALL = Path(__file__).parent.parent / "fixtures" / "servicenow" / "small.csv"
LATER = 4_102_444_800_000  # 2100-01-01T00:00Z
NUMBER = "INC1"


def row(state: str, updated: str, **other: str) -> str:
    """Return a row of an incident that was opened on 1 March 2024 at 09:00."""
    usual = dict.fromkeys(COLUMNS, "?") | {"opened_at": "1/3/2024 09:00", "caller_id": "Caller 1", "number": NUMBER}
    told = {"incident_state": state, "sys_updated_at": f"{updated.replace(' ', '/3/2024 ')}"}
    about = {"category": "Category 1", "subcategory": "Sub 1", "contact_type": "Phone", "assignment_group": "Group 1"}
    return ",".join((usual | about | told | other).values())


class Told:
    """What a log was made into."""

    def __init__(self, path: Path) -> None:
        with open_source(str(path), Format.SERVICENOW) as source:
            self.records = list(source)
            self.notes = list(source.notes)
            self.progress = (source.bytes_read, source.total_bytes)
        self.events: list[Event] = []
        self.refused: list[tuple[bytes, Reason]] = []
        for record in self.records:
            try:
                self.events.append(decode(record.raw, LATER))
            except BadRecord as bad:
                self.refused.append((record.raw, bad.reason))

    def brief(self) -> list[str]:
        """Return what happened: time of day (after some days) and what, without the tick at the end."""
        return [_brief(event) for event in self.events[:-1]]


def _brief(event: Event) -> str:
    days, minutes = divmod((event.occurred_at - 1_709_251_200_000) // 60_000, 1440)
    what = event.event_id.removeprefix(NUMBER)
    return f"{days + 1} {minutes // 60:02}:{minutes % 60:02} {what}"


@pytest.fixture
def log(tmp_path: Path) -> "Log":
    return Log(tmp_path / "log.csv")


class Log:
    """Writes a log of rows and has it read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, *rows: str | bytes, header: Iterable[str] = COLUMNS) -> Told:
        lines = [line if isinstance(line, bytes) else line.encode() for line in (",".join(header), *rows)]
        self.path.write_bytes(b"\n".join(lines) + b"\n")
        return Told(self.path)


@pytest.fixture(scope="module")
def small() -> Told:
    return Told(SMALL)


def only(told: Told, kind: type) -> list[Any]:
    return [event for event in told.events if type(event) is kind]


def test_an_incident_is_a_contact_that_ends_when_it_is_first_resolved(log: Log) -> None:
    told = log(row("New", "1 09:10"), row("Resolved", "1 10:00"), row("Closed", "6 10:00", made_sla="true"))
    assert told.brief() == ["1 09:00 #1:contact.offered", "1 10:00 #2:contact.ended", "6 10:00 #3:sla_met"]
    offered, ended, updated, tick = told.events
    assert isinstance(offered, e.ContactOffered)
    assert offered[2:] == ("servicenow", NUMBER, "Phone", "Caller 1", "Group 1", None, "Category 1/Sub 1", *offered[9:])
    assert offered.product is offered.case_id is offered.demand is None
    assert isinstance(ended, e.ContactEnded)
    assert ended.claimed_resolved
    assert isinstance(updated, e.ContactUpdated)
    assert updated.sla_met is True
    assert isinstance(tick, e.ClockTicked)
    assert tick.occurred_at == updated.occurred_at


def test_the_future_is_not_read(log: Log) -> None:
    header = [*COLUMNS, "resolved_at", "closed_at"]
    rows = (row("New", "1 09:10"), row("Resolved", "1 10:00"))
    told = log(*(f"{line},nonsense,8/3/2024 00:00" for line in rows), header=header)
    assert (told.brief(), told.refused) == (log(*rows).brief(), [])


def test_an_incident_that_never_was_resolved_ends_when_it_is_closed(log: Log) -> None:
    assert log(row("New", "1 09:10"), row("Closed", "2 09:00")).brief()[-1] == "2 09:00 #2:contact.ended"


def test_an_incident_that_is_neither_has_not_ended_and_its_sla_is_open(log: Log) -> None:
    assert log(row("New", "1 09:10"), row("Active", "2 09:00", made_sla="true")).brief() == [
        "1 09:00 #1:contact.offered"
    ]


def test_a_state_after_the_end_that_is_no_end_is_a_reopening_and_the_next_end_ends_it_again(log: Log) -> None:
    told = log(
        row("Resolved", "1 10:00"),
        row("Active", "2 10:00"),
        row("New", "2 11:00"),
        row("Resolved", "3 10:00"),
        row("Closed", "8 10:00"),
    )
    assert told.brief()[1:] == ["1 10:00 #1:contact.ended", "2 10:00 #2:case.reopened", "3 10:00 #4:case.resolved"]
    (reopened,) = only(told, e.CaseReopened)
    assert (reopened.case_id, reopened.customer_id, reopened.contact_id) == (NUMBER, "Caller 1", NUMBER)


def test_a_state_that_nobody_knows_reopens_nothing(log: Log) -> None:
    assert not only(log(row("Resolved", "1 10:00"), row("-100", "2 10:00"), row("?", "2 10:00")), e.CaseReopened)


def test_an_end_in_the_minute_of_its_reopening_comes_after_it(log: Log) -> None:
    told = log(row("Resolved", "1 10:00"), row("Active", "2 10:00"), row("Closed", "2 10:00"))
    (reopened,), (ended,) = only(told, e.CaseReopened), only(told, e.CaseResolved)
    assert ended.occurred_at == reopened.occurred_at + 1


def test_an_end_that_is_undone_within_the_minute_of_its_reopening_is_left_out(log: Log) -> None:
    told = log(row("Resolved", "1 10:00"), *(row(state, "2 10:00") for state in ("Active", "Closed", "New")))
    assert told.brief()[1:] == ["1 10:00 #1:contact.ended", "2 10:00 #2:case.reopened"]


def test_a_reopening_of_nobody_is_left_out_and_noted(log: Log) -> None:
    rows = [row(state, "2 10:00", caller_id="?") for state in ("Resolved", "Active")]
    told = log(*rows)
    assert told.brief() == ["1 09:00 #1:contact.offered", "2 10:00 #1:contact.ended"]
    assert told.notes == [f"{log.path}: 1 reopenings and renewed resolutions are left out: nobody knows whose they are"]


def test_a_caller_who_becomes_known_before_the_end_is_identified_and_one_who_changes_is_not(log: Log) -> None:
    told = log(
        row("New", "1 09:10", caller_id="?"),
        row("New", "1 09:20", caller_id="Caller 7"),
        row("New", "1 09:30", caller_id="Caller 8"),
        row("Resolved", "1 10:00"),
        row("New", "1 11:00"),
    )
    assert [event.customer_id for event in only(told, e.ContactOffered)] == [None]
    assert [event.customer_id for event in only(told, e.ContactIdentified)] == ["Caller 7"]
    assert [event.customer_id for event in only(told, e.CaseReopened)] == ["Caller 7"]


def test_a_caller_who_becomes_known_after_the_end_was_not_known_at_it(log: Log) -> None:
    assert not only(log(row("Resolved", "1 10:00", caller_id="?"), row("Closed", "2 10:00")), e.ContactIdentified)


@pytest.mark.parametrize("unknown", ["category", "subcategory"])
def test_a_reason_that_is_known_by_half_is_not_guessed(log: Log, unknown: str) -> None:
    told = log(row("New", "1 09:10", **{unknown: "?"}), row("Resolved", "1 10:00"))
    assert [event.reason for event in only(told, e.ContactOffered)] == [None]


def test_a_channel_that_nobody_knows_is_called_unknown(log: Log) -> None:
    assert [event.channel for event in only(log(row("New", "1 09:10", contact_type="?")), e.ContactOffered)] == [
        "unknown"
    ]


def test_each_change_of_group_up_to_the_end_is_a_transfer_but_from_nobody_to_a_group_is_none(log: Log) -> None:
    groups = ("?", "Group 2", "?", "Group 2", "Group 3")
    told = log(
        *(row("New", f"1 09:1{n}", assignment_group=group) for n, group in enumerate(groups)),
        row("Resolved", "1 10:00", assignment_group="Group 4"),
        row("Closed", "2 10:00", assignment_group="Group 5"),
    )
    assert [event.queue for event in only(told, e.ContactOffered)] == [None]
    assert [event.queue for event in only(told, e.ContactUpdated)] == ["Group 2"]
    assert [event.to_queue for event in only(told, e.ContactTransferred)] == ["Group 3", "Group 4"]


@pytest.mark.parametrize(("made_sla", "said"), [("true", [True]), ("false", [False]), ("?", []), ("maybe", [])])
def test_whether_the_sla_was_met_is_what_the_last_row_says(log: Log, made_sla: str, said: list[bool]) -> None:
    told = log(row("Resolved", "1 10:00", made_sla="true"), row("Closed", "6 10:00", made_sla=made_sla))
    assert [event.sla_met for event in only(told, e.ContactUpdated)] == said


def test_nothing_happens_to_a_contact_before_it_arrives(log: Log) -> None:
    told = log(row("New", "1 08:00"), row("New", "1 08:10", assignment_group="Group 2"), row("Resolved", "1 08:20"))
    assert {event.occurred_at for event in told.events} == {told.events[0].occurred_at}
    assert told.notes == [f"{log.path}: 3 rows are older than the opening of their incident, and are taken at it"]


def test_the_rows_of_an_incident_need_not_stand_together(log: Log) -> None:
    rows = [row("New", "1 09:10"), row("New", "1 09:20", number="INC2"), row("Resolved", "1 10:00")]
    assert len(only(log(*rows), e.ContactOffered)) == 2


def test_a_row_that_can_not_be_read_is_a_dead_letter_and_the_others_count(log: Log) -> None:
    bad: list[bytes] = [
        b"INC1,New",
        row("New", "32 09:10").encode(),
        row("New", "1 9h10").encode(),
        row("New", "1 09:10", number="?").encode(),
        row("New", "1 09:10", category="\udcff").encode(errors="surrogateescape"),
        row("New", "1 09:10", category='"open quote').encode(),
        row("New", "1 09:10", category="a\rb").encode(),
        b"x" * 300_000,
    ]
    good = row("New", "1 09:10"), row("Resolved", "1 10:00")
    told = log(good[0], *bad, good[1])
    assert [raw for raw, _ in told.refused[:-1]] == bad[:-1]
    assert [reason for _, reason in told.refused] == [
        *[Reason.NOT_JSON] * 4,
        Reason.NOT_UTF8,
        *[Reason.NOT_JSON] * 2,
        Reason.TOO_LARGE,
    ]
    assert told.brief() == log(*good).brief()


def test_it_is_noted_how_many_rows_could_not_be_read_and_what_is_wrong_with_each_of_the_first(log: Log) -> None:
    told = log(row("New", "1 09:10"), "INC1,New", row("New", "1 09:10", number="?"))
    told_of = "line 3: 2 columns instead of 10; line 4: no incident number"
    assert told.notes == [f"{log.path}: 2 lines are no rows and go to the dead letters: {told_of}"]


def test_of_many_rows_that_could_not_be_read_the_rest_is_counted(log: Log) -> None:
    (note,) = log(row("New", "1 09:10"), *["INC1,New"] * 12).notes
    assert note.endswith("line 12: 2 columns instead of 10; and 2 more")


def test_a_column_that_is_missing_is_named(log: Log) -> None:
    with pytest.raises(SourceError, match=r"log\.csv: the header lacks caller_id, made_sla; export"):
        log(header=[column for column in COLUMNS if column not in {"caller_id", "made_sla"}])


def test_an_empty_log_lacks_its_header(log: Log) -> None:
    log.path.write_bytes(b"")
    with pytest.raises(SourceError, match="the header lacks number"):
        Told(log.path)


def test_a_log_without_rows_says_nothing(log: Log) -> None:
    assert log().records == []


def test_columns_may_stand_in_any_order_and_values_in_quotes(log: Log) -> None:
    rows = [row("New", "1 09:10", category="Category 1"), row("Resolved", "1 10:00")]
    turned = [",".join(f'"{value}"' for value in reversed(line.split(","))) for line in rows]
    assert log(*turned, header=reversed(COLUMNS)).events == log(*rows).events


def test_events_come_in_order_of_time_at_rising_positions_and_every_time_the_same(small: Told) -> None:
    times = [event.occurred_at for event in small.events]
    assert times == sorted(times)
    assert [record.position for record in small.records] == list(range(1, len(small.records) + 1))
    assert Told(SMALL).records == small.records
    assert len({event.event_id for event in small.events}) == len(small.events)
    assert not small.refused
    assert small.progress == (SMALL.stat().st_size, SMALL.stat().st_size)


def test_the_events_of_the_small_log_are_those_that_its_author_meant(small: Told) -> None:
    assert Counter(json.loads(record.raw)["type"] for record in small.records) == {
        "contact.offered": 42,
        "contact.identified": 1,
        "contact.transferred": 3,
        "contact.updated": 1 + 41,
        "contact.ended": 41,
        "case.resolved": 4,
        "case.reopened": 5,
        "clock.tick": 1,
    }


def test_brute_force_counts_of_the_small_log_are_those_that_its_author_meant() -> None:
    def window(recontact: int, reopened: int, recurred: int, resolved: int, pending: int) -> dict[str, Any]:
        by = {"recontact": recontact, "reopened": reopened, "denied": 0}
        verdicts = {"recurred": recurred, "exited": 0, "confirmed": 0, "resolved": resolved, "pending": pending}
        return {"ended": 38, "by": by, **verdicts}

    assert bruteforce.count(bruteforce.read(SMALL)) == {
        "contacts": {"offered": 42, "handled": 41, "abandoned": 0, "ended": 41, "unlinkable": 3},
        "demand": {
            "value": 0,
            "unclassified": 28,
            "failure": {"open": 6, "retry": 0, "recontact": 8, "reason": 0},
        },
        "windows": {
            "1d": window(4, 2, 6, 31, 1),
            "7d": window(7, 2, 8, 28, 2),
            "30d": window(11, 4, 12, 20, 6),
        },
    }


def test_the_small_log_is_longer_than_the_longest_window(small: Told) -> None:
    assert small.events[-1].occurred_at - small.events[0].occurred_at > 30 * DAY
