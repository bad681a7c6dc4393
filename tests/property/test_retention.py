"""What is forgotten, when its time has come or a customer has too much of it, changes no count and leaves nothing."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import orjson
from hypothesis import given
from hypothesis import strategies as st

from streams.domain import measures as m
from streams.domain.policy import Policy
from streams.engines.embedded import EmbeddedEngine
from streams.exporter.report import Totals
from streams.processors.codec import thaw_journey
from tests.journeys import DAY, HOUR, START, Event, wire
from tests.property.test_oracle import CASES, POLICY, RECEIVED, SECOND, Log, counts_of, expected

CAP = 10
CAPPED = replace(POLICY, contacts_per_customer=CAP)
QUIET = 366 * DAY
"""Longer than anything is remembered, be it a contact that never ends."""

GAPS = (1, HOUR, DAY, 3 * DAY, 7 * DAY, 29 * DAY, 30 * DAY - SECOND, 30 * DAY, 30 * DAY + SECOND, 45 * DAY)


LASTS = (0, HOUR, HOUR, 8 * DAY, 31 * DAY)
"""How long contacts last: some end at the instant of an arrival."""


@st.composite
def lives(
    draw: st.DrawFn, gaps: tuple[int, ...] = GAPS, lasts: tuple[int, ...] = LASTS, *, signs: bool = True
) -> list[Event]:
    """Many contacts of few customers, one after another, and what they and their cases did in between."""
    log = Log(draw, short=False)
    now = START
    for number in range(draw(st.integers(9, 24))):
        now += log.pick(*gaps)
        name = f"c{number:02}"
        customer = log.pick("anna", "anna", "anna", "ben")
        case, reason = log.pick(
            (None, "order"), (None, "order"), (None, "chase"), (CASES[0], None), (CASES[1], "order")
        )
        log.add(
            "contact.offered", now, contact_id=name, channel="voice", customer_id=customer, case_id=case, reason=reason
        )
        ended = now + log.pick(*lasts)
        log.add(log.pick("contact.ended", "contact.ended", "contact.abandoned"), ended, contact_id=name)
        if not signs:
            continue
        at = ended + log.pick(1, DAY, 7 * DAY, 29 * DAY)
        kind = log.pick(None, None, "outcome.denied", "outcome.confirmed", "customer.exited", "case.reopened")
        if kind == "customer.exited":
            log.add(kind, at, customer_id=customer, how="cancelled")
        elif kind == "case.reopened":
            about = {"customer_id": customer, "case_id": f"of-{name}", "contact_id": name}  # not of those forgotten
            log.events.append({"type": kind, "at": at, "event_id": f"r{number}", **about})
            log.add("case.resolved", at + log.pick(HOUR, 29 * DAY), **about)
        elif kind in ("outcome.denied", "outcome.confirmed"):
            log.add(kind, at, customer_id=customer, **log.pick({"contact_id": name}, {"reason": "order"}))
    return sorted(log.events, key=lambda event: (event["at"], event["event_id"]))


@contextmanager
def engine_after(log: list[Event], batch: int, policy: Policy) -> Iterator[tuple[EmbeddedEngine, sqlite3.Connection]]:
    """An engine that has taken a log in batches, and a view of what it remembers."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "monitor.db")
        engine = EmbeddedEngine(path, policy, durable=False)
        view = sqlite3.connect(path)
        for start in range(0, len(log), batch):
            engine.ingest([wire(event) for event in log[start : start + batch]], RECEIVED, {})
        engine.advance(log[-1]["at"] + 1)
        yield engine, view
        view.close()
        engine.close()


def held(view: sqlite3.Connection) -> list[int]:
    return [len(thaw_journey(orjson.loads(value)).contacts) for (value,) in view.execute("SELECT value FROM journeys")]


@given(lives(), st.integers(1, 30))
def test_what_is_forgotten_in_time_changes_no_count(log: list[Event], batch: int) -> None:
    later = log[-1]["at"] + 70 * DAY
    with engine_after(log, batch, POLICY) as (engine, _):
        engine.advance(later + 1)
        assert counts_of(engine) == expected(log, later)


@given(lives(), st.integers(1, 30))
def test_nothing_is_remembered_after_a_long_quiet(log: list[Event], batch: int) -> None:
    with engine_after(log, batch, POLICY) as (engine, view):
        engine.advance(log[-1]["at"] + QUIET)
        for table in ("contacts", "journeys", "timers"):
            assert view.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table  # noqa: S608


@given(lives((1, HOUR, DAY)), st.integers(1, 30))
def test_a_customer_never_holds_more_than_the_cap_and_what_goes_early_is_told(log: list[Event], batch: int) -> None:
    with engine_after(log, batch, CAPPED) as (engine, view):
        evicted = Totals(engine.ledger.totals()).sum(m.EVICTED)
        contacts = sum(event["type"] == "contact.offered" for event in log)
        assert max(held(view)) <= CAP
        if log[-1]["at"] < START + 30 * DAY:  # nothing has gone but what had to
            assert evicted == contacts - sum(held(view))


@given(lives((1, HOUR, DAY), (0,), signs=False), st.integers(1, 30))
def test_what_goes_early_has_been_counted_and_stays_so(log: list[Event], batch: int) -> None:
    later = log[-1]["at"] + 70 * DAY
    with engine_after(log, batch, CAPPED) as (engine, _):
        engine.advance(later + 1)
        counts, all_known = counts_of(engine, CAPPED), expected(log, later)
    assert counts["contacts"] == all_known["contacts"]
    assert sum(counts["queues"].values()) == sum(all_known["queues"].values())
    for name, window in counts["windows"].items():
        for row, whole in (
            (window, all_known["windows"][name]),
            (window["abandoned"], all_known["windows"][name]["abandoned"]),
        ):
            assert (row["ended"], row["pending"]) == (whole["ended"], 0)
