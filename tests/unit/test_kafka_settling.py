"""When time leaps, what is due is settled step by step, and a restart between two of them changes nothing."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest

from streams.contracts.encode import encode
from streams.domain.events import ClockTicked
from streams.domain.ledger import Entry
from streams.domain.policy import Policy
from streams.domain.units import DAY, HOUR, Millis
from streams.engines.kafka import unit
from tests.histories import START, contact
from tests.partitions import Partitions

NOW = START + 100 * DAY
CUSTOMERS = 6


def tell_time(partitions: Partitions, at: Millis) -> None:
    for again in range(2):  # a leap is believed when a second record has leapt as well
        name = f"tick-{at}-{again}"
        partitions.tick(lambda p, name=name: encode(ClockTicked(f"{name}-{p}", at, "test")), NOW)  # type: ignore[misc]


@pytest.fixture(params=["at once", "step by step"])
def partitions(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Partitions]:
    """A log that waits for its last step: all at once, customers are back after two days, and then time leaps.

    What has to be settled before, at and after they are back is on the shelf already.
    """
    with closing(Partitions(tmp_path, Policy(), 1)) as partitions:
        for n in range(CUSTOMERS):
            partitions.append([("c", one) for one in contact(f"a{n}", START + n * HOUR, customer=f"customer-{n}")], NOW)
        tell_time(partitions, START + 12 * HOUR)
        partitions.finish()
        for n in range(CUSTOMERS):
            at = START + 2 * DAY + n * HOUR
            partitions.append([("c", one) for one in contact(f"b{n}", at, customer=f"customer-{n}")], NOW)
        tell_time(partitions, START + 60 * DAY)
        partitions.step(0, 1000, 0)
        with patch.object(unit, "_MOST_DUE", 10_000 if request.param == "at once" else 2):
            yield partitions


def told(partitions: Partitions) -> tuple[list[Entry], Counter[bytes]]:
    entries = sorted(entry for entry in partitions.entries() if entry.net)
    return entries, Counter(partitions.outcomes)


def test_what_is_due_is_settled_in_as_many_steps_as_it_takes(partitions: Partitions) -> None:
    steps = 0
    while partitions.step(0, 1000, 1000):
        steps += 1
        settled = partitions.units[0].progress.settled
        assert partitions.units[0].is_behind == (settled < START + 60 * DAY - Policy().lateness)
    verdicts = [entry for entry in partitions.entries() if entry.series.name == "outcome_matured_total"]
    assert sum(entry.net for entry in verdicts) == 2 * CUSTOMERS * len(Policy().windows)
    assert steps == 1 or steps >= CUSTOMERS


def test_a_restart_between_two_steps_changes_nothing(partitions: Partitions, tmp_path: Path) -> None:
    with closing(Partitions(tmp_path / "calm", Policy(), 1)) as calm:
        calm.events = partitions.events
        calm.finish()
        for _ in range(10 * CUSTOMERS):
            partitions.step(0, 1000, 1000)
            partitions.restart(0)
        partitions.finish()
        assert told(partitions) == told(calm)


def test_after_a_restart_nothing_is_settled_before_all_that_was_held_is_read_again(
    partitions: Partitions, tmp_path: Path
) -> None:
    with closing(Partitions(tmp_path / "calm", Policy(), 1)) as calm:
        calm.events = partitions.events
        calm.finish()
        partitions.step(0, 1000, 1000)
        partitions.restart(0)
        while partitions.units[0].is_behind:
            partitions.step(0, 0, 0)
        partitions.finish(1)
        assert told(partitions) == told(calm)
