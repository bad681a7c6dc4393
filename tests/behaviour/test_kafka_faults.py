"""Whatever goes wrong, ledger and outcomes are those of a run in which nothing did; ``make chaos`` does more of it."""

import asyncio
from pathlib import Path

import pytest

from deploy.kafka.cluster import Cluster
from tests.chaos.scenarios import SHORT, Scenario


@pytest.mark.usefixtures("own_kafka")
@pytest.mark.parametrize("scenario", SHORT, ids=lambda scenario: scenario.name)
def test_totals_and_outcomes_are_right_although(scenario: Scenario, tmp_path: Path) -> None:
    with Cluster(scenario.brokers) as cluster:
        asyncio.run(scenario.run(cluster, tmp_path / "site", seed=7))
