"""What needs action now, and what was done: nudges from being issued until they are answered or expire."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from streams.board.counts import Scope
from streams.board.records import Place, Record, at, maybe_at
from streams.domain.units import DAY, HOUR, SECOND, Millis

_GRACE: Final = 20 * SECOND
"""How much longer than events may be late a nudge may wait to be settled: other partitions may be behind."""
ACKNOWLEDGED: Final = "acknowledged"
"""The answer that says only that somebody takes care of it: it needs action until that is told."""
_KEPT: Final = 2 * DAY
"""For how long a nudge is remembered after it expired, so that its problem's page can show it."""


class Earlier(NamedTuple):
    """An earlier contact of the problem, as a nudge tells it."""

    contact_id: str
    arrived_at: Millis
    ended_at: Millis | None
    place: Place
    reason: str
    abandoned: bool
    claimed_resolved: bool

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return what a nudge says of one."""
        return cls(
            record["contact_id"],
            at(record["arrived_at"]),
            maybe_at(record.get("ended_at")),
            Place.of(record),
            record.get("reason") or "unknown",
            bool(record.get("abandoned")),
            bool(record.get("claimed_resolved")),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody did about a nudge; not ``confirmed`` while only the board knows."""

    nudge_id: str
    at: Millis
    action: str
    actor: str
    note: str | None
    place: Place
    reason: str
    contact_id: str | None
    confirmed: bool = True

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return what ``nudge.answered`` says."""
        return cls(
            record["nudge_id"],
            at(record["occurred_at"]),
            record["action"],
            record["actor"],
            record.get("note"),
            Place.of(record),
            record.get("reason") or "unknown",
            record.get("contact_id"),
        )


@dataclass(frozen=True, slots=True)
class Nudge:
    """A request for action now. ``contact_id`` and ``customer_id`` are ``None`` for a spike."""

    nudge_id: str
    kind: str
    at: Millis
    expires_at: Millis
    place: Place
    reason: str
    expected: str
    provisional: bool
    contact_id: str | None = None
    customer_id: str | None = None
    evidence: str = "none"
    attempt: int = 1
    effort: Millis = 0
    earlier: tuple[Earlier, ...] = ()
    since: Millis | None = None
    due_at: Millis | None = None
    contacts: int = 0
    expected_contacts: float = 0.0

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return what ``nudge.issued`` says."""
        since = record.get("waiting_since") or record.get("opened_at") or record.get("started_at")
        return cls(
            nudge_id=record["nudge_id"],
            kind=record["kind"],
            at=at(record["occurred_at"]),
            expires_at=at(record["expires_at"]),
            place=Place.of(record),
            reason=record.get("reason") or "unknown",
            expected=record["expected"],
            provisional=bool(record.get("provisional")),
            contact_id=record.get("contact_id"),
            customer_id=record.get("customer_id"),
            evidence=record.get("evidence") or "none",
            attempt=record.get("attempt") or 1,
            effort=record.get("effort_ms") or 0,
            earlier=tuple(map(Earlier.of, record.get("earlier") or ())),
            since=maybe_at(since),
            due_at=maybe_at(record.get("due_at")),
            contacts=record.get("contacts") or 0,
            expected_contacts=record.get("expected_contacts") or 0.0,
        )


class Nudges:
    """Nudges by id, and the answers to them.

    ``kept`` is for how long an answer keeps a nudge from coming back, ``lateness`` how late events may come: what was
    told ahead of time and is not settled soon after that, by the log's time, was none.
    """

    def __init__(self, kept: Millis, lateness: Millis, token: Callable[[str], str]) -> None:
        self._revisions: Counter[tuple[str, str]] = Counter()
        self._kept = kept
        self._settles_within = lateness + _GRACE
        self._token = token
        self._issued: dict[str, Nudge] = {}
        self._taken: dict[str, Answer] = {}
        self._done: dict[str, Answer] = {}
        self._by_token: dict[str, str] = {}
        self._trimmed: Millis = 0

    def issue(self, nudge: Nudge) -> None:
        """Take a nudge, in the place of what was said under its id before."""
        known = self._issued.get(nudge.nudge_id)
        if nudge.provisional and known is not None and not known.provisional:
            return  # told ahead of time, and read after what settled it
        self._changes(nudge.place)
        if known is not None:
            self._changes(known.place)
        else:
            self._by_token[self._token(nudge.nudge_id)] = nudge.nudge_id
        self._issued[nudge.nudge_id] = nudge

    def drop(self, nudge_id: str, customer_id: str) -> None:
        """Forget a nudge that turned out to be about another customer; one about that customer stays."""
        known = self._issued.get(nudge_id)
        if known is not None and known.customer_id == customer_id:
            self._forget(known)

    def answer(self, answer: Answer) -> None:
        """Take an answer. An acknowledgement leaves the nudge open; of the others the first stays."""
        self._changes(answer.place)
        answers = self._taken if answer.action == ACKNOWLEDGED else self._done
        said = answers.get(answer.nudge_id)
        if said is None or (not said.confirmed and _same(said, answer)):
            answers[answer.nudge_id] = answer

    def withdraw(self, answer: Answer) -> None:
        """Take back an answer that could not be put in the log."""
        self._changes(answer.place)
        for answers in (self._taken, self._done):
            if answers.get(answer.nudge_id) is answer:
                del answers[answer.nudge_id]

    def find(self, token: str) -> Nudge | None:
        """Return the nudge that a token stands for, whether or not it is still open."""
        return self._issued.get(self._by_token.get(token, ""))

    def done_about(self, nudge: Nudge) -> Answer | None:
        """Return what was done about a nudge, if anything was."""
        return self._done.get(nudge.nudge_id)

    def taken(self, nudge: Nudge) -> Answer | None:
        """Return who has acknowledged a nudge; of one that was issued again since, nobody has."""
        answer = self._taken.get(nudge.nudge_id)
        return answer if answer is not None and answer.at >= nudge.at else None

    def open(self, scope: Scope, newest: Millis, now: Millis) -> list[Nudge]:
        """Return the nudges that need action, oldest first.

        ``newest`` is how far the log has come, ``now`` the later of that and the wall clock.
        """
        found = [
            nudge
            for nudge in self._issued.values()
            if scope.has(nudge.place.team, nudge.place.queue)
            and nudge.nudge_id not in self._done
            and nudge.expires_at > now
            and not self._was_none(nudge, newest)
        ]
        return sorted(found, key=_order)

    def done(self, scope: Scope, since: Millis) -> list[Answer]:
        """Return what was done since a time, newest first."""
        found = [
            answer
            for answer in self._done.values()
            if answer.at >= since and scope.has(answer.place.team, answer.place.queue)
        ]
        return sorted(found, key=_order, reverse=True)

    def about(self, contact_ids: set[str]) -> Iterator[tuple[Nudge, Answer | None]]:
        """Return the nudges about contacts that are remembered, oldest first, each with its answer."""
        found = [nudge for nudge in self._issued.values() if nudge.contact_id in contact_ids]
        for nudge in sorted(found, key=_order):
            yield nudge, self._done.get(nudge.nudge_id) or self.taken(nudge)

    def places(self, scope: Scope) -> Iterator[tuple[str, str]]:
        """Return the teams and queues that nudges are for."""
        for nudge in self._issued.values():
            if scope.has(nudge.place.team, nudge.place.queue):
                yield nudge.place.team, nudge.place.queue

    def revision(self, scope: Scope) -> int:
        """Return what changes whenever a nudge in a scope does, or an answer to one."""
        return sum(n for place, n in self._revisions.items() if scope.has(*place))

    def trim(self, newest: Millis) -> None:
        """Let go of what is long over."""
        if newest < self._trimmed + HOUR:
            return
        self._trimmed = newest
        for nudge in [
            nudge
            for nudge in self._issued.values()
            if self._was_none(nudge, newest) or nudge.expires_at < newest - _KEPT
        ]:
            self._forget(nudge)
        for answers in (self._taken, self._done):
            for answer in [answer for answer in answers.values() if answer.at < newest - self._kept]:
                del answers[answer.nudge_id]

    def _was_none(self, nudge: Nudge, newest: Millis) -> bool:
        return nudge.provisional and nudge.at + self._settles_within < newest

    def _forget(self, nudge: Nudge) -> None:
        self._changes(nudge.place)
        del self._issued[nudge.nudge_id]
        del self._by_token[self._token(nudge.nudge_id)]

    def _changes(self, place: Place) -> None:
        self._revisions[place.team, place.queue] += 1


def unconfirmed(nudge: Nudge, action: str, actor: str, note: str | None, at: Millis) -> Answer:
    """Return an answer that only the board knows yet."""
    return Answer(nudge.nudge_id, at, action, actor, note, nudge.place, nudge.reason, nudge.contact_id, confirmed=False)


def _same(one: Answer, other: Answer) -> bool:
    return (one.nudge_id, one.action, one.actor, one.note) == (other.nudge_id, other.action, other.actor, other.note)


def _order(told: Nudge | Answer) -> tuple[Millis, str]:
    return told.at, told.nudge_id
