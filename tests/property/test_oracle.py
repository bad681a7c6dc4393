"""The engine counts what a plain reading of the design counts, over whole logs."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.domain import measures as m
from streams.domain.ledger import Labels
from streams.domain.policy import Policy, Reason
from streams.engines.embedded import EmbeddedEngine
from streams.exporter.report import Totals, report
from tests import oracle
from tests.journeys import DAY, HOUR, START, Event, histories, wire

SECOND = 1_000
REASONS = {"chase": Reason("failure"), "invoice": Reason("value"), "order": Reason("value")}
TAXONOMY = {name: reason.demand for name, reason in REASONS.items() if reason.demand is not None}
POLICY = Policy(reasons=REASONS)
RECEIVED = START + 4_000 * DAY
LATER = START + 400 * DAY

# From some instant of the log to another: the bounds of every rule, and a second to either side of them.
BOUNDS = (DAY, 7 * DAY, 30 * DAY)
STEPS = (0, 0, 1, HOUR, 3 * DAY, 29 * DAY, *(bound + aside for bound in BOUNDS for aside in (-SECOND, 0, 0, SECOND)))
SHORT_STEPS = (0, 0, SECOND, SECOND, HOUR, DAY, 8 * DAY)
CUSTOMERS = ("anna", "ben")
CASES = ("k1", "k2")
KNOWN_REASONS = ("invoice", "order", "chase")


class Log:
    """A log in the making: each event happens some step after an instant of the log, so that bounds are met exactly.

    Args:
        draw: from hypothesis.
        short: keep to the time in which nothing is forgotten. Only there may something become known a while after it
            came to be: who a contact's customer is.
    """

    def __init__(self, draw: st.DrawFn, *, short: bool) -> None:
        self.draw = draw
        self.short = short
        self.events: list[Event] = []
        self.instants = [START]
        self.arrived: dict[str, int] = {}

    def pick(self, *values: Any) -> Any:  # noqa: ANN401 - it gives what it is given
        return self.draw(st.sampled_from(values))

    def later(self) -> int:
        return int(self.pick(*self.instants) + self.pick(*STEPS))

    def add(self, kind: str, at: int, **fields: object) -> None:
        if self.short:
            at = min(at, START + 30 * DAY)
        self.instants.append(at)
        known = {name: value for name, value in fields.items() if value is not None}
        self.events.append({"type": kind, "at": at, "event_id": f"e{len(self.events)}", **known})

    def contact(self, name: str) -> None:
        at = self.arrived[name] = self.later()
        self.add(
            "contact.offered",
            at,
            contact_id=name,
            channel="voice",
            customer_id=self.pick("anna", "anna", "anna", "ben", None),
            case_id=self.pick(None, None, *CASES),
            reason=self.pick(None, *KNOWN_REASONS),
            product=self.pick(None, None, "phone"),
            queue=self.pick(None, "billing", "cards"),
            team=self.pick(None, "red"),
            direction=self.pick(None, None, None, None, "outbound"),
            demand=self.pick(None, None, None, None, "value", "failure"),
        )
        for _ in range(self.draw(st.integers(0, 3))):
            at += self.pick(*SHORT_STEPS)
            self.during(name, at)
        if self.draw(st.integers(0, 3)):
            at += self.pick(*SHORT_STEPS)
            self.add(self.pick("contact.ended", "contact.ended", "contact.abandoned"), at, contact_id=name)
            self.afterwards(name, at)

    def afterwards(self, name: str, ended: int) -> None:
        """Late facts, within what is remembered: a contact that ended is forgotten after the longest window."""
        for kind in self.draw(st.lists(st.sampled_from(("fact", "contact.ended", "contact.abandoned")), max_size=2)):
            at = ended + min(self.pick(*STEPS), 30 * DAY)
            if kind == "fact":
                self.during(name, at)
            else:
                self.add(kind, at, contact_id=name)

    def during(self, name: str, at: int) -> None:
        kind = self.pick("identified", "updated", "updated", "answered", "transferred")
        if kind == "identified" and (self.short or at <= self.arrived[name] + HOUR):
            self.add("contact.identified", at, contact_id=name, customer_id=self.pick(*CUSTOMERS))
        elif kind == "answered":
            self.add("contact.answered", at, contact_id=name, queue=self.pick(None, "cards"), team="blue")
        elif kind == "transferred":
            self.add("contact.transferred", at, contact_id=name, to_queue="loans", to_team=self.pick(None, "green"))
        else:
            what = self.pick(
                {"reason": "order"}, {"reason": "invoice"}, {"case_id": "k1"}, {"product": "phone"}, {"queue": "cards"}
            )
            self.add("contact.updated", at, contact_id=name, **what)

    def other(self, contacts: int) -> None:
        customer = self.pick(*CUSTOMERS, "anna")
        about = self.pick(
            {"contact_id": f"c{self.draw(st.integers(0, contacts - 1))}"},
            {"case_id": self.pick(*CASES)},
            {"reason": self.pick(*KNOWN_REASONS)},
        )
        kind = self.pick("case.opened", "case.resolved", "case.reopened", "case.reopened", "exited", "said", "said")
        if kind == "exited":
            self.add("customer.exited", self.later(), customer_id=customer, how="cancelled")
        elif kind == "said":
            said = self.pick("outcome.confirmed", "outcome.denied")
            self.add(said, self.later(), customer_id=customer, **about)
        else:
            # A case is opened about a contact that there is.
            at = self.arrived.get(str(about.get("contact_id")))
            at = self.later() if at is None else at + self.pick(*STEPS)
            about = {"case_id": self.pick(*CASES), **about}
            self.add(kind, at, customer_id=customer, **about)


@st.composite
def logs(draw: st.DrawFn, contacts: int = 6, others: int = 5, *, short: bool = False) -> list[Event]:
    """A log of a few contacts that have much to do with one another, in the order of time."""
    log = Log(draw, short=short)
    number = draw(st.integers(1, contacts))
    for name in range(number):
        log.contact(f"c{name}")
    for _ in range(draw(st.integers(0, others))):
        log.other(number)
    return sorted(log.events, key=lambda event: (event["at"], event["event_id"]))


def moment(at: int) -> datetime:
    return datetime.fromtimestamp(at // 1000, UTC).replace(microsecond=at % 1000 * 1000)


def expected(events: list[Event], now: int) -> oracle.Counts:
    return oracle.count([json.loads(wire(event)) for event in events], moment(now), TAXONOMY)


def counted(events: list[Event], now: int, policy: Policy = POLICY) -> oracle.Counts:
    """What the engine counts, in the shape of the oracle's counts."""
    engine = EmbeddedEngine(":memory:", policy, durable=False)
    engine.ingest([wire(event) for event in events if event["at"] <= now], RECEIVED, {})
    engine.advance(now + 1)
    counts = counts_of(engine, policy)
    engine.close()
    return counts


def counts_of(engine: EmbeddedEngine, policy: Policy = POLICY) -> oracle.Counts:
    entries = list(engine.ledger.totals())
    totals = Totals(entries)
    said = report(entries, policy)

    def nonzero(counts: dict[Labels, int]) -> dict[Any, int]:
        return {key[0] if len(key) == 1 else key: n for key, n in counts.items() if n}

    return {
        "contacts": said["contacts"],
        "demand": said["demand"],
        "windows": said["windows"],
        "links": nonzero(totals.by(m.LINKED, 3)),
        "origins": nonzero(totals.by(m.ORIGIN, 0, 1)),
        "queues": nonzero(totals.by(m.DEMAND, 0)),
        "recurred": nonzero(totals.by(m.RECURRED, 0, 5)),
    }


@given(logs())
def test_the_engine_counts_what_brute_force_counts(log: list[Event]) -> None:
    assert counted(log, LATER) == expected(log, LATER)


@given(logs(short=True))
def test_late_facts_count_as_if_they_had_been_known_at_once(log: list[Event]) -> None:
    assert counted(log, LATER) == expected(log, LATER)


@given(logs(), st.data())
def test_at_any_moment_the_engine_counts_what_brute_force_counts(log: list[Event], data: st.DataObject) -> None:
    instants = sorted({event["at"] for event in log})
    now = data.draw(st.sampled_from(instants)) + data.draw(st.sampled_from((0, *STEPS)))
    assert counted(log, now) == expected(log, now)


@given(histories())
def test_whole_journeys_count_as_brute_force_counts_them(history: list[Event]) -> None:
    events = [event for event in history if event["type"] != "case.opened"]  # often long before its contact is
    assert counted(events, LATER) == expected(events, LATER)


@given(
    st.sampled_from(BOUNDS),
    st.sampled_from((-SECOND, -1, 0, 1, SECOND)),
    st.sampled_from(("contact.ended", "contact.abandoned")),
    st.sampled_from(("contact.offered", "case.reopened", "outcome.denied", "customer.exited", "outcome.confirmed")),
)
def test_the_bounds_of_every_rule_are_those_of_brute_force(bound: int, aside: int, end: str, then: str) -> None:
    about = {"customer_id": "anna", "case_id": "k1", "channel": "voice", "how": "cancelled"}
    at = START + HOUR + bound + aside
    events: list[Event] = [
        {"type": "contact.offered", "at": START, "contact_id": "c0", **about},
        {"type": end, "at": START + HOUR, "contact_id": "c0"},
        {"type": then, "at": at, "contact_id": "c1" if then == "contact.offered" else "c0", **about},
        {"type": "contact.offered", "at": at + HOUR, "contact_id": "c2", **about},
        {"type": "contact.ended", "at": at + DAY, "contact_id": "c2"},
    ]
    log = [{"event_id": f"e{number}", **event} for number, event in enumerate(events)]
    for now in (START + HOUR + bound + aside, LATER):
        assert counted(log, now) == expected(log, now)
