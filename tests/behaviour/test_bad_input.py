"""Bad input is kept with its reason, and takes nothing good down with it."""

from collections import Counter
from random import Random

import pytest

from streams.contracts.decode import BadRecord, Reason, decode
from streams.domain import measures as m
from streams.domain.ledger import Entry
from streams.domain.policy import Policy
from streams.engines.embedded import EmbeddedEngine
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.presets import noisy_plan
from tests.engines import BY_PARTITION, Game, Play, Played
from tests.mutations import MUTATIONS

START = 1_767_225_600_000
LATER = START + 90 * 86_400_000
BAD = 10_000


def good_records() -> list[bytes]:
    return [simulated.raw for simulated in simulate(noisy_plan(), seed=7, start=START, contacts=1_500)]


def bad_records(good: list[bytes]) -> list[bytes]:
    """Mutate good records until there are so many that can't be used; one that is still an event proves nothing."""
    random = Random(7)
    bad: list[bytes] = []
    while len(bad) < BAD:
        raw = MUTATIONS[len(bad) % len(MUTATIONS)](random.choice(good), random)
        try:
            decode(raw, LATER)
        except BadRecord:
            bad.append(raw)
    return bad


def ledger(played: Played) -> set[Entry]:
    return {
        entry
        for entry in played.entries
        if entry.series.name not in BY_PARTITION | {m.DEAD_LETTERS} and "clock.tick" not in entry.series.labels
    }


def test_ten_thousand_bad_records_cost_no_good_one_and_each_has_its_reason(play_much: Play) -> None:
    good = good_records()
    bad = bad_records(good)
    mixed: list[tuple[float, bytes]] = [(float(place), raw) for place, raw in enumerate(good)]
    random = Random(11)
    mixed += [(random.uniform(0, len(good)), raw) for raw in bad]
    mixed.sort(key=lambda item: item[0])

    disturbed, quiet = play_much([Game([raw for _, raw in mixed], Policy(), LATER), Game(good, Policy(), LATER)])
    assert ledger(disturbed) == ledger(quiet)
    refused = [(reason, record) for reason, record in disturbed.dead if reason in set(Reason)]
    assert Counter(record for _, record in refused) == Counter(bad)
    assert {reason for reason, _ in refused} >= {
        "too_large", "not_utf8", "not_json", "not_an_object", "unknown_type", "schema", "time_out_of_range",
    }  # fmt: skip


@pytest.mark.parametrize("mutate", MUTATIONS)
def test_a_lone_bad_record_is_a_dead_letter_or_an_event(mutate: object) -> None:
    assert callable(mutate)
    random = Random(3)
    good = good_records()[:50]
    for raw in good:
        engine = EmbeddedEngine(":memory:", Policy())
        engine.ingest([mutate(raw, random)], LATER, {})
        counted = sum(entry.net for entry in engine.ledger.totals() if entry.series.name == m.EVENTS)
        assert counted + len(list(engine.dead_letters())) == 1
        engine.close()
