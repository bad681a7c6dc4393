"""The ledger's part that a unit keeps: what an hour counted is let go of when no estimate can ask for it any more."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from streams.domain.ledger import TOTALS, Additions
from streams.engines.kafka.keeping import LEDGER, Totals
from streams.engines.kafka.shelf import Memory, Shelf

FIRST = 490_000
"""An hour of 2025."""
SLOT = -12 * FIRST
"""Its first slot."""


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with closing(Shelf(tmp_path / "shelf", Memory(1 << 20, 1 << 20))) as shelf:
        yield shelf


def step(totals: Totals, shelf: Shelf, *hours: int, trim: int | None = None, trim_slot: int = -1) -> None:
    """Count something in each hour or slot, and let go of what is older than another."""
    additions = Additions()
    for hour in hours:
        additions.count("cohort", ("queue",), hour=hour)
    writes = totals.writes(additions)
    if trim is not None:
        writes += totals.trim(trim, trim_slot)
    shelf.write([(LEDGER + key, value) for key, value in writes], [])


def hours_on(shelf: Shelf) -> list[int]:
    return [int(key[2 : key.index(b",")]) for key, _ in shelf.between(LEDGER, LEDGER + b"~")]


def test_only_hours_before_are_let_go_of(shelf: Shelf) -> None:
    totals = Totals(shelf, 1)
    step(totals, shelf, TOTALS, FIRST, FIRST + 1)
    step(totals, shelf, FIRST + 2, trim=FIRST + 1)
    assert hours_on(shelf) == [TOTALS, FIRST + 1, FIRST + 2]
    step(totals, shelf, trim=FIRST + 2)
    assert hours_on(shelf) == [TOTALS, FIRST + 2]


def test_what_is_counted_in_an_old_hour_is_let_go_of_the_next_time(shelf: Shelf) -> None:
    totals = Totals(shelf, 1)
    step(totals, shelf, FIRST, FIRST + 5, trim=FIRST + 3)
    step(totals, shelf, FIRST + 1)
    assert hours_on(shelf) == [FIRST + 1, FIRST + 5]
    step(totals, shelf, FIRST + 2, trim=FIRST + 4)
    assert hours_on(shelf) == [FIRST + 5]


def test_a_restart_forgets_nothing_that_is_to_be_let_go_of(shelf: Shelf) -> None:
    step(Totals(shelf, 1), shelf, FIRST, FIRST + 5)
    step(Totals(shelf, 1), shelf, trim=FIRST + 4)
    assert hours_on(shelf) == [FIRST + 5]


def test_slots_are_let_go_of_like_hours_and_apart_from_them(shelf: Shelf) -> None:
    totals = Totals(shelf, 1)
    step(totals, shelf, TOTALS, FIRST, SLOT, SLOT - 1, SLOT - 2)
    step(totals, shelf, trim=FIRST, trim_slot=SLOT - 1)
    assert hours_on(shelf) == [SLOT - 1, SLOT - 2, TOTALS, FIRST]
    step(totals, shelf, SLOT, SLOT - 3, trim=FIRST, trim_slot=SLOT - 2)
    assert hours_on(shelf) == [SLOT - 2, SLOT - 3, TOTALS, FIRST]
    step(Totals(shelf, 1), shelf, trim=FIRST + 1, trim_slot=SLOT - 3)
    assert hours_on(shelf) == [SLOT - 3, TOTALS]
