"""Facts arrive as they were told, in the order in which they take effect, at the partition of their customer."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.contact import Contact
from streams.domain.events import TYPE_OF, ActionTaken, CustomerEvent
from streams.domain.units import Millis
from streams.engines.kafka.facts import freeze, pack, partition_of, place_of, unpack
from streams.processors.facts import ContactKnown, ContactTaken, ContactWithdrawn, Fact, NudgeAnswered
from streams.processors.merging import Told
from tests.property.test_wire_roundtrip import TEXT, events_of

TIMES = st.integers(0, 2**53)
LABELS = st.tuples(TEXT, TEXT, TEXT)
RANKS = st.integers(0, len(TYPE_OF) - 1)
CONTACTS = st.builds(
    Contact,
    contact_id=TEXT,
    customer_id=TEXT,
    arrived_at=TIMES,
    arrived=LABELS,
    reason=st.none() | TEXT,
    product=st.none() | TEXT,
    case_id=st.none() | TEXT,
    demand=st.sampled_from([None, "value", "failure"]),
    ends=st.lists(TIMES, max_size=3).map(tuple),
    ended=st.just(()) | LABELS,
    abandoned=st.booleans(),
    effort=TIMES,
    handle=st.none() | TIMES,
    claimed_resolved=st.booleans(),
    sla_met=st.none() | st.booleans(),
    in_threshold=st.booleans(),
    reason_label=TEXT,
)
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "ContactKnown": st.builds(ContactKnown, TIMES, CONTACTS, st.booleans(), RANKS, TEXT, st.booleans()),
    "ContactTaken": st.builds(ContactTaken, TIMES, TEXT, TEXT, RANKS, TEXT),
    "NudgeAnswered": st.builds(NudgeAnswered, TIMES, TEXT, events_of(ActionTaken), RANKS, TEXT, st.booleans()),
    "ContactWithdrawn": st.builds(ContactWithdrawn, TIMES, TEXT, TEXT, RANKS, TEXT),
    **{kind.__name__: events_of(kind) for kind in get_args(CustomerEvent)},
}
FACTS: st.SearchStrategy[Fact] = st.one_of(*KINDS.values())
SENT = st.tuples(FACTS, TIMES, st.booleans())


def test_every_kind_of_fact_is_drawn() -> None:
    kinds = {kind for part in get_args(Fact) for kind in (get_args(part) or (part,))}
    assert {kind.__name__ for kind in kinds} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_fact_of_any_kind_arrives_as_it_was_told(kind: str, data: st.DataObject) -> None:
    fact, at = data.draw(KINDS[kind]), data.draw(TIMES)
    [told] = unpack(pack(3, at, [freeze(fact, at, late=False)]), 7).told
    assert told == Told(at, True, *place_of(fact), 3, 7, 0, fact)  # noqa: FBT003 - in order
    assert type(told.fact) is type(fact)
    assert hash(told.fact) == hash(fact), "what is in it are tuples again"


@given(st.integers(0, 1000), st.integers(-(2**53), 2**53), st.lists(SENT, max_size=5), st.integers(0, 2**53))
def test_facts_arrive_together_with_where_they_came_from(
    source: int, watermark: Millis, sent: list[tuple[Fact, Millis, bool]], offset: int
) -> None:
    record = pack(source, watermark, [freeze(fact, at, late=late) for fact, at, late in sent])
    arrived = unpack(record, offset)
    assert (arrived.source, arrived.watermark) == (source, watermark)
    assert [(told.fact, told.at, not told.in_order) for told in arrived.told] == sent
    assert [told[4:7] for told in arrived.told] == [(source, offset, place) for place in range(len(sent))]


@given(st.lists(st.tuples(FACTS, st.integers(0, 2), st.booleans()), max_size=8))
def test_what_is_late_is_known_first_and_in_the_order_in_which_it_came(sent: list[tuple[Fact, Millis, bool]]) -> None:
    told = unpack(pack(0, 9, [freeze(fact, at, late=late) for fact, at, late in sent]), 0).told
    ordered = sorted(told, key=lambda one: one[:-1])
    for at in range(3):
        mine = [one for one in ordered if one.at == at]
        late = [one.place for one in mine if not one.in_order]
        assert [one.place for one in mine[: len(late)]] == sorted(late)
        in_order = [place_of(one.fact) for one in mine[len(late) :]]
        assert in_order == sorted(in_order)


@pytest.mark.parametrize(("customer", "of_12"), [("", 0), ("customer-1", 9), ("customer-2", 3), ("Zoë 顧客", 10)])
def test_a_customer_stays_in_the_partition_that_it_always_had(customer: str, of_12: int) -> None:
    assert partition_of(customer, 12) == of_12


@given(TEXT, st.integers(1, 1000))
def test_every_customer_has_one_of_the_partitions(customer: str, partitions: int) -> None:
    assert 0 <= partition_of(customer, partitions) < partitions
