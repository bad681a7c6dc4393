"""What is told ahead of time: as it will be settled, once, and no less than the limit allows."""

import json
import tempfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from streams.delivery.nudge import read_nudge
from streams.domain.policy import Nudging, Policy
from streams.domain.units import DAY, HOUR, MINUTE, SECOND, Millis
from streams.engines.embedded import EmbeddedEngine
from tests.journeys import LATENESS, START, Event, wire
from tests.ledgers import rows

AT = START + HOUR


def offered(contact: str, customer: str, at: Millis, **more: object) -> Event:
    known = {"channel": "voice", "queue": "billing", "team": "blue", "reason": "invoice"}
    of = {"event_id": f"offered-{contact}", "contact_id": contact, "customer_id": customer}
    return {"type": "contact.offered", "at": at, **of, **known, **more}


def updated(contact: str, at: Millis, **more: object) -> Event:
    return {"type": "contact.updated", "event_id": f"updated-{contact}", "contact_id": contact, "at": at, **more}


def answered(contact: str, at: Millis) -> Event:
    return {"type": "contact.answered", "event_id": f"answered-{contact}", "contact_id": contact, "at": at}


def messages(engine: EmbeddedEngine) -> set[str]:
    """What webhooks know nudges by: of the same id they tell one."""
    return {found.message_id for _, record in engine.nudges() if (found := read_nudge(record)) is not None}


def told(engine: EmbeddedEngine, *, provisional: bool) -> list[dict[str, Any]]:
    nudges = [json.loads(record) for _, record in engine.nudges()]
    return [nudge for nudge in nudges if nudge.get("provisional", False) is provisional]


@pytest.mark.parametrize("then", [answered("b", AT + 40), updated("b", AT + 40, product="phone")])
def test_a_nudge_has_the_time_at_which_it_was_called_for_whatever_was_read_together(then: Event) -> None:
    with closing(EmbeddedEngine(":memory:", Policy())) as engine:
        engine.ingest([wire(offered("a", "anna", START))], START, {})
        engine.ingest([wire(offered("b", "anna", AT)), wire(then)], then["at"], {})
        assert [nudge["nudge_id"] for nudge in told(engine, provisional=True)] == ["repeat:b"]
        engine.advance(AT + MINUTE)
        assert len(told(engine, provisional=False)) == len(messages(engine)) == 1


def test_a_contact_that_turns_out_to_be_a_repeat_is_told_of_as_of_then() -> None:
    with closing(EmbeddedEngine(":memory:", Policy())) as engine:
        engine.ingest([wire(offered("a", "anna", START))], START, {})
        about = updated("b", AT + 40, reason="invoice")
        later = [offered("b", "anna", AT, reason="other"), about, answered("b", AT + 50)]
        engine.ingest([wire(event) for event in later], AT + 50, {})
        engine.advance(AT + MINUTE)
        assert len(told(engine, provisional=True)) == len(told(engine, provisional=False)) == len(messages(engine)) == 1


def test_a_contact_that_was_another_customers_is_told_of_when_that_is_known() -> None:
    known: Event = {"type": "contact.identified", "event_id": "known", "contact_id": "b", "at": AT + 9}
    with closing(EmbeddedEngine(":memory:", Policy())) as engine:
        engine.ingest([wire(offered("a", "anna", START))], START, {})
        engine.ingest([wire(offered("b", "nobody", AT)), wire({**known, "customer_id": "anna"})], AT + 50, {})
        engine.advance(AT + MINUTE)
        assert len(told(engine, provisional=True)) == len(messages(engine)) == 1


def burst(customers: Iterable[str]) -> tuple[list[Event], list[Event]]:
    """Customers who call at the start, and are back within a few seconds."""
    names = list(customers)
    first = [offered(f"{name}-1", name, START + n) for n, name in enumerate(names)]
    return first, [offered(f"{name}-2", name, AT + n * 100) for n, name in enumerate(names)]


def test_as_many_are_told_ahead_of_time_as_the_limit_allows() -> None:
    first, again = burst(f"customer {n}" for n in range(100))
    with closing(EmbeddedEngine(":memory:", Policy())) as engine:
        for event in [*first, *again]:
            engine.ingest([wire(event)], event["at"], {})
        ahead = {nudge["nudge_id"] for nudge in told(engine, provisional=True)}
        engine.advance(AT + MINUTE)
        assert ahead == {nudge["nudge_id"] for nudge in told(engine, provisional=False)}
        assert len(ahead) > 50, "of the 60 that it allows, in parts for shares of the customers"


def test_what_was_settled_since_it_was_told_ahead_of_time_counts_once() -> None:
    policy = Policy(nudging=Nudging(limit=2, shares=1))
    first, again = burst(("anna", "bert"))
    again[1]["at"] = AT + LATENESS + SECOND // 2  # reading it settles the one before
    others = [offered(f"other {at}", f"other {at}", AT + at) for at in (-3 * SECOND, 15 * SECOND // 2)]
    with closing(EmbeddedEngine(":memory:", policy)) as engine:
        for event in sorted([*first, *again, *others], key=lambda event: event["at"]):
            engine.ingest([wire(event)], event["at"], {})
        assert [nudge["customer_id"] for nudge in told(engine, provisional=True)] == ["anna", "bert"]


def test_the_next_span_has_its_own_limit_ahead_of_time_as_well() -> None:
    policy = Policy(nudging=Nudging(limit=1, shares=1, span=10 * MINUTE))
    first, again = burst(("anna", "bert", "carl"))
    for event, at in zip(again, (-2 * SECOND, -SECOND, SECOND), strict=True):
        event["at"] = AT + at
    with closing(EmbeddedEngine(":memory:", policy)) as engine:
        for event in [*first, *again]:
            engine.ingest([wire(event)], event["at"], {})
        assert [nudge["customer_id"] for nudge in told(engine, provisional=True)] == ["anna", "carl"]


def test_copies_of_an_event_are_not_looked_at_again_also_after_a_restart() -> None:
    """Else what a source repeats would be held, and folded anew with every batch."""
    copies = [wire(offered("a", "anna", START))] * 1_000
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "monitor.db")
        for _ in range(2):
            with closing(EmbeddedEngine(path, Policy(), durable=False)) as engine:
                engine.ingest(copies, START, {})
                ahead = engine._partition._intake._ahead  # noqa: SLF001  no engine says how much it holds
                assert sum(map(len, ahead._waiting.values())) == 1  # noqa: SLF001


def test_an_event_id_that_is_used_again_is_looked_at_as_it_will_be_taken() -> None:
    """What has the id and the time of another that still waits never comes to anything."""
    with closing(EmbeddedEngine(":memory:", Policy())) as engine:
        engine.ingest([wire(offered("a", "anna", START))], START, {})
        other = offered("p", "bert", AT)
        engine.ingest([wire(other), wire({**offered("b", "anna", AT), "event_id": other["event_id"]})], AT, {})
        engine.advance(AT + DAY)
        assert list(engine.nudges()) == []
        assert rows(engine.ledger)


def test_who_comes_when_an_open_contact_is_too_old_to_matter_is_no_repeat_ahead_of_time() -> None:
    policy = Policy(open_contact_expiry=40 * DAY)
    expired = START + 40 * DAY
    with closing(EmbeddedEngine(":memory:", policy)) as engine:
        engine.ingest([wire(offered("a", "anna", START))], START, {})
        engine.advance(expired - SECOND)
        engine.ingest([wire(offered("b", "anna", expired + SECOND))], expired + SECOND, {})
        engine.advance(expired + MINUTE)
        assert list(engine.nudges()) == []
