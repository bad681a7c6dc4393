"""Spikes as they are put in the log: events that can be taken, each spike under an id of its own."""

import pytest

from streams.catalogue.monitor import WATERMARK
from streams.contracts.decode import decode
from streams.contracts.encode import encode
from streams.domain.events import DemandSpiked
from streams.domain.policy import QuietHours
from streams.domain.spikes import Detection
from streams.domain.units import MINUTE, SECOND, Millis
from streams.exporter.spotter import Spotter
from tests.memory_ledger import MemoryLedger
from tests.unit.test_exporter import NOW, arriving

QUIET = QuietHours(0, 8 * 60 + 10)  # of the day of NOW, which is at eight


def spotter(ledger: MemoryLedger, quiet: QuietHours | None = None) -> Spotter:
    return Spotter(ledger, Detection(), "test", quiet)


def look(by: Spotter, ledger: MemoryLedger, at: Millis) -> list[DemandSpiked]:
    ledger.gauges[WATERMARK] = (at - SECOND) / SECOND
    return by.look(at)


@pytest.fixture
def spiking() -> MemoryLedger:
    ledger = MemoryLedger()
    arriving(ledger, spike=50)
    return ledger


def test_a_spike_is_told_once_for_as_long_as_it_lasts(spiking: MemoryLedger) -> None:
    by = spotter(spiking)
    told = [len(look(by, spiking, NOW + minutes * MINUTE)) for minutes in (1, 6, 11, 16)]
    assert told == [1, 0, 0, 0]


def test_a_spike_that_begins_in_quiet_hours_is_told_once_when_they_end(spiking: MemoryLedger) -> None:
    by = spotter(spiking, QUIET)
    told = [spike.occurred_at for minutes in (1, 6, 11, 16) for spike in look(by, spiking, NOW + minutes * MINUTE)]
    assert told == [NOW + 11 * MINUTE]


def test_a_spike_that_was_told_is_not_told_again_after_quiet_hours(spiking: MemoryLedger) -> None:
    by = spotter(spiking, QuietHours(8 * 60 + 5, 8 * 60 + 10))
    told = [spike.occurred_at for minutes in (1, 6, 11, 16) for spike in look(by, spiking, NOW + minutes * MINUTE)]
    assert told == [NOW + MINUTE]


def test_a_spike_has_the_same_id_for_whoever_sees_it_during_quiet_hours_or_not(spiking: MemoryLedger) -> None:
    [before] = look(spotter(spiking), spiking, NOW + MINUTE)
    [after] = look(spotter(spiking, QUIET), spiking, NOW + 11 * MINUTE)
    assert before.event_id == after.event_id


def test_a_spike_that_is_over_when_quiet_hours_end_is_not_told() -> None:
    ledger = MemoryLedger()
    arriving(ledger, spike=4)  # far less than it takes
    by = spotter(ledger, QUIET)
    assert [spike for minutes in (1, 11) for spike in look(by, ledger, NOW + minutes * MINUTE)] == []


def test_a_spike_of_a_queue_with_the_longest_name_is_an_event_that_is_taken() -> None:
    ledger = MemoryLedger()
    arriving(ledger, "é" * 200, spike=50)
    [spike] = look(spotter(ledger), ledger, NOW + MINUTE)
    assert decode(encode(spike), NOW) == spike


def test_spikes_of_queues_whose_names_hold_slashes_have_ids_of_their_own() -> None:
    ledger = MemoryLedger()
    for queue in ("billing", "billing/cards", "billing~1cards"):
        arriving(ledger, queue, spike=50)
    spikes = look(spotter(ledger), ledger, NOW + MINUTE)
    assert len({spike.event_id for spike in spikes}) == 3
