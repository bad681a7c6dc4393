"""What counts under ``other`` for want of a budget is counted itself, so that it is seen that there is too little."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

import pytest

from streams.bootstrap import open_scratch_engine
from streams.contracts.encode import encode
from streams.domain import measures as m
from streams.domain.events import ContactAbandoned, ContactOffered, ContactUpdated, Event
from streams.domain.policy import Policy
from streams.domain.units import MINUTE
from streams.exporter.report import Totals

START = 1_767_225_600_000
POLICY = replace(Policy(), label_budget={"queue": 2, "team": 2, "channel": 2, "reason": 2})


def contact(n: int, customer: str | None, reason: str | None = None, queue: str = "billing") -> list[Event]:
    """An abandoned contact, one minute after the one before."""
    at, name = START + n * MINUTE, f"c-{n}"
    return [
        ContactOffered(f"o-{n}", at, "test", name, channel="voice", queue=queue, reason=reason, customer_id=customer),
        ContactAbandoned(f"a-{n}", at + 20_000, "test", name),
    ]


def overflow(events: Sequence[Event]) -> dict[tuple[str, ...], int]:
    with closing(open_scratch_engine(":memory:", POLICY)) as engine:
        engine.ingest([encode(event) for event in events], START, {})
        engine.advance(START + 60 * MINUTE)
        return Totals(engine.ledger.totals()).by(m.LABEL_OVERFLOW, 0)


@pytest.mark.parametrize("customer", ["anna", None])
def test_each_contact_whose_reason_is_beyond_the_budget_is_counted_once(customer: str | None) -> None:
    log = [event for n in range(5) for event in contact(n, customer, f"reason-{n}")]
    assert overflow(log) == {("reason",): 3}


@pytest.mark.parametrize("customer", ["anna", None])
def test_a_reason_that_is_said_again_is_counted_no_second_time(customer: str | None) -> None:
    log = [event for n in range(3) for event in contact(n, customer, f"reason-{n}")]
    again = ContactUpdated("u", START + 10 * MINUTE, "test", "c-2", reason="reason-2", product="p")
    assert overflow([*log, again]) == {("reason",): 1}


def test_queues_beyond_the_budget_are_counted_by_contact() -> None:
    log = [event for n in range(4) for event in contact(n, "anna", queue=f"queue-{n}")]
    assert overflow(log) == {("queue",): 2}


def test_within_the_budget_nothing_is_counted() -> None:
    log = [event for n in range(6) for event in contact(n, None, f"reason-{n % 2}")]
    assert overflow(log) == {}
