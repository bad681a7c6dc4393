"""The read model: folds the records of both topics, in the order in which they come, into what the board shows.

Pure: no clock, no I/O. The same records give the same model, however they are cut into batches; a record that is read
again changes nothing, and one that restates another takes its place.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final, NamedTuple

from streams.board import asked
from streams.board import entries as e
from streams.board.asked import Asked, AskedOf
from streams.board.clock import WallClock
from streams.board.contacts import Contact, Contacts, Verdict, Whose
from streams.board.counts import Counts, Entry
from streams.board.nudges import Answer, Nudge, Nudges
from streams.board.records import Arrival, Charged, End, Record, Sign, at
from streams.domain.estimate import PERIODS
from streams.domain.ledger import hour_of
from streams.domain.policy import Window
from streams.domain.spikes import MOST_WEEKS
from streams.domain.units import DAY, HOUR, SECOND, Millis

_WEEKS_KEPT: Final = (MOST_WEEKS * 7 + 2) * DAY


class Goal(NamedTuple):
    """What is aimed at: the share answered in time, at least, and the share that fails within the window, at most."""

    service_level: float = 0.8
    failure: float = 0.15


_USUAL_WINDOW: Final = Window("7d", 7 * DAY)


@dataclass(frozen=True, slots=True)
class Centre:
    """What a contact centre has decided for itself, in so far as the board goes by it.

    Attributes:
        windows: how long contacts are watched for recurrence, shortest first.
        window: the one of them that outcomes are shown for.
        lateness: how far out of order events may come.
        zone: where days begin and end.
        goal: of queues that have none of their own in ``goals``.
    """

    windows: tuple[Window, ...] = (Window("1d", DAY), _USUAL_WINDOW, Window("30d", 30 * DAY))
    window: Window = _USUAL_WINDOW
    lateness: Millis = 10 * SECOND
    zone: tzinfo = UTC
    goal: Goal = Goal()  # noqa: RUF009 - a tuple that never changes
    goals: Mapping[str, Goal] = field(default_factory=dict)

    def goal_of(self, queue: str) -> Goal:
        """Return what is aimed at in a queue."""
        return self.goals.get(queue, self.goal)

    @property
    def history(self) -> Millis:
        """How far back records matter, at most: what they tell of contacts, usual hours, and estimates."""
        return max(_WEEKS_KEPT, self.windows[-1].length + max(PERIODS) + 2 * HOUR)


class Model:
    """What the board knows. ``token`` turns an id into what stands for it in a URL or a form."""

    def __init__(self, centre: Centre, token: Callable[[str], str]) -> None:
        self.centre = centre
        self.clock = WallClock(centre.zone)
        self.newest: Millis | None = None
        """The newest time that a record told of: the data is as of then."""
        self.first_hour: int | None = None
        """The first local hour of which arrivals are known."""
        kept = centre.windows[-1].length + DAY
        self.contacts = Contacts(kept, token)
        self.nudges = Nudges(kept, centre.lateness, token)
        self.asked = AskedOf(2 * kept)  # a contact may be nudged for long before it ends
        self.counts = Counts()
        self._kept = kept
        self._swept: int | None = None
        self._take: Mapping[str, Callable[[Record], None]] = {
            "demand.classified": self._arrived,
            "contact.ended": self._ended,
            "outcome.seen": self._seen,
            "verdict.reached": self._judged,
            "contact.withdrawn": self._withdrawn,
            "nudge.issued": self._nudged,
            "nudge.withdrawn": self._nudge_withdrawn,
            "nudge.answered": self._answered,
        }

    def fold(self, records: Iterable[Record]) -> list[str]:
        """Take records in; return what is wrong with those that are none of their topics, which are left out.

        Those of a type that is not known are of a newer writer, and say nothing here.
        """
        wrong = []
        for record in records:
            try:
                self._fold(record)
            except (AttributeError, LookupError, TypeError, ValueError) as error:
                wrong.append(repr(error))
        return wrong

    def _fold(self, record: Record) -> None:
        take = self._take.get(record["type"])
        if take is None:
            return
        occurred_at = at(record["occurred_at"])
        if self.newest is None or occurred_at > self.newest:
            self.newest = occurred_at
            self._sweep(occurred_at)
        take(record)

    def _arrived(self, record: Record) -> None:
        arrival = Arrival.of(record)
        known = self.contacts.find(_whose(record))
        if (known is None or known.arrival is None) and self._is_forgotten(arrival.at):
            if "restates" in record:
                was = arrival._replace(charged=Charged.of(record["restates"]))
                self.counts.change(e.arrival_entries(was, self.clock), e.arrival_entries(arrival, self.clock))
            return
        hour = self.clock.hour(arrival.at)
        if self.first_hour is None or hour < self.first_hour:
            self.first_hour = hour
        with self._changing(self._contact(record)) as contact:
            self.contacts.charge(contact, arrival)

    def _ended(self, record: Record) -> None:
        end = End.of(record)
        known = self.contacts.find(_whose(record))
        if (known is None or known.end is None) and self._is_forgotten(end.at):
            return
        with self._changing(self._contact(record)) as contact:
            contact.end = end

    def _seen(self, record: Record) -> None:
        if self.contacts.find(_whose(record)) is None and self._is_forgotten(at(record["ended_at"])):
            return
        by, evidence = record["by"], record["evidence"]
        sign = None if evidence is None else Sign(at(evidence["at"]), evidence["id"])
        with self._changing(self._contact(record)) as contact:
            if sign is None:
                contact.signs.pop(by, None)
            else:
                contact.signs[by] = sign

    def _withdrawn(self, record: Record) -> None:
        contact = self.contacts.find(_whose(record))
        if contact is not None:
            self.counts.change(self._entries(contact), ())
            self.contacts.drop(contact)

    def _judged(self, record: Record) -> None:
        contact = self.contacts.find(_whose(record))
        verdict = record.get("verdict")
        if contact is not None and verdict is not None:
            window = record["window"]
            told = Verdict(window, at(record["occurred_at"]), verdict, record.get("restates"))
            contact.verdicts[window] = told

    def _nudged(self, record: Record) -> None:
        nudge = Nudge.of(record)
        whose = None if nudge.contact_id is None or nudge.customer_id is None else _whose(record)
        if whose is not None and self.asked.has_left(nudge.nudge_id, whose, nudge.at):
            return
        self.nudges.issue(nudge)
        if nudge.provisional or self._is_forgotten(nudge.at):
            return
        with self._asking(nudge.nudge_id, whose) as one:
            if one.at is None:
                one.at, one.place = nudge.at, nudge.place
            if whose is not None:
                self.asked.join(nudge.nudge_id, whose)

    def _nudge_withdrawn(self, record: Record) -> None:
        nudge_id, whose, left_at = record["nudge_id"], _whose(record), at(record["occurred_at"])
        with self._asking(nudge_id, whose) as one:
            self.asked.leave(nudge_id, whose, left_at)
        if not one.contacts:
            self.nudges.drop(nudge_id, record["customer_id"])

    def _answered(self, record: Record) -> None:
        answer = Answer.of(record)
        self.nudges.answer(answer)
        if self._is_forgotten(answer.at):
            return
        with self._asking(answer.nudge_id) as one:
            one.answer(answer.action, answer.at)

    def _contact(self, record: Record) -> Contact:
        return self.contacts.open(_whose(record))

    @contextmanager
    def _asking(self, nudge_id: str, whose: Whose | None = None) -> Iterator[Asked]:
        """Count anew what a nudge counts, and the contacts that it is about, once it has been changed."""
        one = self.asked.open(nudge_id)
        asked = {*one.contacts} if whose is None else {*one.contacts, whose}
        about = [contact for each in asked if (contact := self.contacts.find(each)) is not None]

        def entries() -> list[Entry]:
            return [*one.entries(self.clock), *(entry for contact in about for entry in self._entries(contact))]

        before = entries()
        yield one
        self.counts.change(before, entries())

    @contextmanager
    def _changing(self, contact: Contact) -> Iterator[Contact]:
        """Count anew what a contact counts, once it has been changed."""
        before = self._entries(contact)
        yield contact
        self.counts.change(before, self._entries(contact))

    def _entries(self, contact: Contact) -> list[Entry]:
        return e.entries_of(contact, self.asked.response_of(contact.whose), self.clock)

    def _is_forgotten(self, told_of: Millis) -> bool:
        """Say whether what is not known of a contact may be so old that it was forgotten: it was counted then."""
        return self.newest is not None and told_of < self.newest - self._kept

    def _sweep(self, newest: Millis) -> None:
        """Let go, once an hour of the log's time, of what is too old to matter."""
        self.nudges.trim(newest)
        if self._swept == hour_of(newest):
            return
        self._swept = hour_of(newest)
        self.contacts.trim(newest)
        self.asked.trim(newest)
        first = self.clock.hour(newest - _WEEKS_KEPT)
        self.counts.trim(e.BY_LOCAL_HOUR | asked.BY_LOCAL_HOUR, first)
        self.counts.trim(e.BY_HOUR, hour_of(newest - self.centre.windows[-1].length - max(PERIODS) - 2 * HOUR))
        if self.first_hour is not None:
            self.first_hour = max(self.first_hour, first)


def _whose(record: Record) -> Whose:
    """Return the contact that a record is about, and its customer."""
    return record["contact_id"], record["customer_id"]
