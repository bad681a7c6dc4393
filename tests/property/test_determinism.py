"""The same facts give the same ledger in any order, any number of times, in any batches, after any stops."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from streams.domain import measures as m
from streams.domain.policy import Nudging, Policy, QuietHours, Rate, Reason
from streams.engines.embedded import EmbeddedEngine
from tests.journeys import DAY, START, Event, arrivals, histories, nudged_histories, wire
from tests.ledgers import NUDGING, rows

POLICY = Policy(
    reasons={"chase": Reason("failure", "react"), "invoice": Reason("value", "deliver")},
    rates=(Rate(30_000_000),),
    nudging=Nudging(resolve_within={"billing": 4 * DAY}, limit=12, shares=12, quiet=QuietHours(60, 120)),
    label_budget={"queue": 10, "team": 10, "channel": 10, "reason": 10},
)
NARROW = replace(POLICY, label_budget=dict.fromkeys(POLICY.label_budget, 1))
"""Most labels are beyond its budget."""
NOW = START + 400 * DAY
END = START + 200 * DAY

Ledger = dict[tuple[object, ...], tuple[int, int]]

ABOUT_COMING = {m.EVENTS, m.DUPLICATES, m.LATE, m.RESTATEMENTS, m.ORPHANS}
"""What counts how events came, not what they say."""


def ledger_of(engine: EmbeddedEngine) -> Ledger:
    entries = rows(engine.ledger)
    return {
        tuple(row.series): (row.added, row.retracted)
        for row in entries
        if row.series.name not in ABOUT_COMING and (row.added or row.retracted)
    }


@contextmanager
def ran(events: list[Event], batch: int = 10_000, policy: Policy = POLICY) -> Iterator[EmbeddedEngine]:
    with closing(EmbeddedEngine(":memory:", policy)) as engine:
        records = [wire(event) for event in events]
        for start in range(0, len(records), batch):
            engine.ingest(records[start : start + batch], NOW, {})
        engine.advance(END)
        yield engine


def run(events: list[Event], batch: int = 10_000, policy: Policy = POLICY) -> Ledger:
    with ran(events, batch, policy) as engine:
        return ledger_of(engine)


def outcomes(events: list[Event], batch: int = 10_000) -> list[bytes]:
    with ran(events, batch) as engine:
        return [record for _, record in engine.outcomes()]


def net(ledger: Ledger) -> dict[tuple[object, ...], int]:
    """What holds, but for nudges, which were told as things were known then."""
    return {
        series: added - retracted
        for series, (added, retracted) in ledger.items()
        if added != retracted and series[1] not in NUDGING
    }


@given(st.data())
def test_any_order_within_the_lateness_and_any_duplication_give_the_same_ledger(data: st.DataObject) -> None:
    history = data.draw(st.one_of(histories(), nudged_histories()))
    coming = data.draw(arrivals(history))
    assert run(coming) == run(history)


@given(st.data(), st.integers(1, 7))
def test_any_order_within_the_lateness_gives_the_same_outcomes_in_the_same_order(
    data: st.DataObject, batch: int
) -> None:
    history = data.draw(st.one_of(histories(), nudged_histories()))
    assert outcomes(data.draw(arrivals(history)), batch) == outcomes(history)


@given(histories(), st.integers(1, 7), st.sampled_from([POLICY, NARROW]))
def test_any_batch_size_gives_the_same_ledger(history: list[Event], batch: int, policy: Policy) -> None:
    assert run(history, batch, policy) == run(history, policy=policy)


@given(st.data(), st.integers(1, 7))
def test_any_batch_size_gives_the_same_outcomes_in_the_same_order(data: st.DataObject, batch: int) -> None:
    history = data.draw(st.one_of(histories(), nudged_histories()))
    coming = data.draw(st.one_of(st.just(history), arrivals(history), st.permutations(history)))
    assert outcomes(coming, batch) == outcomes(coming)


@given(st.data(), st.integers(1, 7))
def test_any_batch_size_gives_the_same_ledger_when_events_are_late(data: st.DataObject, batch: int) -> None:
    coming = data.draw(st.permutations(data.draw(histories(contacts=3, others=4))))
    assert run(coming, batch) == run(coming)


@given(st.data())
def test_any_order_at_all_gives_the_same_net_ledger(data: st.DataObject) -> None:
    # Within what is remembered: thirty days of a contact or a customer, two days of an agent's states.
    drawn = data.draw(histories(contacts=4, others=4))
    history = [event for event in drawn if event["at"] < START + 25 * DAY and event["type"] != "agent.state"]
    coming = data.draw(st.permutations(history))
    assert net(run(coming)) == net(run(history))


@given(st.one_of(histories(), nudged_histories()), st.sampled_from([POLICY, NARROW]), st.data())
def test_a_stop_and_a_restart_at_any_event_give_the_same_ledger(
    history: list[Event], policy: Policy, data: st.DataObject
) -> None:
    stops = sorted(data.draw(st.sets(st.integers(0, len(history)), max_size=4)))
    records = [wire(event) for event in history]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "monitor.db")
        for start, end in zip([0, *stops], [*stops, len(records)], strict=True):
            engine = EmbeddedEngine(path, policy, durable=False)
            if records[start:end]:
                engine.append(records[start:end], NOW)
            while engine.step(3):
                pass
            engine.close()
        engine = EmbeddedEngine(path, policy, durable=False)
        engine.advance(END)
        assert ledger_of(engine) == run(history, policy=policy)
        engine.close()
