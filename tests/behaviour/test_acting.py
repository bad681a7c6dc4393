"""Whether acting on nudges helped, as published, where the truth is known because it was simulated."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from typing import NamedTuple

import pytest

from streams.catalogue import nudges as catalogue
from streams.catalogue.nudges import CENTRE, effect_name
from streams.domain.policy import Policy, Window
from streams.domain.units import DAY
from streams.engines.embedded import EmbeddedEngine
from streams.exporter.nudged import nudged_gauges
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.plan import Leads, Plan, Returns
from streams.sources.simulator.presets import constant_plan

START = 1_767_225_600_000
SEEDS = range(20)
RATE, EFFECT = 0.45, 0.5
WEEK = Window("7d", 7 * DAY)
LEAST_WITHIN = 17
"""Of 20 intervals that hold the truth 95 times in 100, 16 or fewer do so by chance once in 60."""


class Found(NamedTuple):
    low: float
    value: float
    high: float


def plan(effect: float) -> Plan:
    """Customers come back often, within days; leads act on half of the repeats, by the toss of a coin."""
    return replace(
        constant_plan(rate_per_hour=7, failure_rate=RATE),
        leads=Leads(acts=0.5, dismisses=0.1, effect=effect),
        returns=Returns(mean=DAY // 2, within=5 * DAY),
        tick=None,
    )


def effects(seed: int, effect: float) -> Mapping[str, Found]:
    """The published difference between nudged contacts that were acted on and those that were ignored, by basis."""
    until = START + 21 * DAY
    with closing(EmbeddedEngine(":memory:", Policy(windows=(WEEK,)))) as engine:
        engine.ingest([simulated.raw for simulated in simulate(plan(effect), seed, START, until=until)], until, {})
        engine.advance(until)
        gauges = list(nudged_gauges(engine.ledger.cohorts(1), (WEEK,), until))
    return {
        basis: found_of({gauge.name: gauge.value for gauge in gauges if gauge.labels == (basis, WEEK.name)})
        for basis in ("live", "matured")
    }


def found_of(values: Mapping[str, float]) -> Found:
    quantities = (catalogue.EFFECT_LOW, catalogue.EFFECT, catalogue.EFFECT_HIGH)
    return Found(*(values[effect_name(CENTRE, quantity)] for quantity in quantities))


@pytest.mark.parametrize(("effect", "truth"), [(EFFECT, -RATE * EFFECT), (0.0, 0.0)])
def test_the_reported_effect_of_acting_is_the_true_one_within_its_interval(effect: float, truth: float) -> None:
    found = [effects(seed, effect) for seed in SEEDS]
    for basis in ("live", "matured"):
        within = [of[basis].low <= truth <= of[basis].high for of in found]
        assert sum(within) >= LEAST_WITHIN, basis
        mean = sum(of[basis].value for of in found) / len(found)
        assert mean == pytest.approx(truth, abs=0.02), basis
        seen = [of[basis].high < 0 for of in found]
        assert sum(seen) >= LEAST_WITHIN if effect else sum(seen) <= len(SEEDS) - LEAST_WITHIN, basis
