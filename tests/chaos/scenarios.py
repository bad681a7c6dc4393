"""Each fault with the site that it happens to."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.kafka.cluster import Cluster
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.presets import demo_plan
from tests.chaos import faults as f
from tests.chaos.harness import START, Faulty
from tests.chaos.poison import poisoned
from tests.site import Site, make_config

PARTITIONS = 6
SESSION_MS = 6_000


@dataclass(frozen=True)
class Scenario:
    """A fault, the site that it happens to, and how much happens there meanwhile.

    ``contacts`` are put in the log at ``rate`` events a second; a contact is about seven events.
    """

    name: str
    fault: Callable[[Cluster], f.Fault]
    brokers: int = 1
    workers: int = 3
    contacts: int = 4_000
    rate: float = 1_500
    poison: bool = False

    async def run(self, cluster: Cluster, folder: Path, seed: int) -> int:
        """Run it on a cluster of its own topics; return how many events were in the log.

        Raises:
            AssertionError: ledger or outcomes are not what they should be.
        """
        config = replace(make_config(cluster.bootstrap, folder, PARTITIONS), session_timeout=SESSION_MS)
        site = Site(config)
        await site.create()
        log = [simulated.raw for simulated in simulate(demo_plan(), seed, START, self.contacts)]
        if self.poison:
            log = list(poisoned(log, seed))
        await Faulty(site, folder, log, self.rate, seed).run(self.workers, self.fault(cluster))
        return len(log)


ALL = (
    Scenario("a: a random worker of three is killed, 20 times", lambda _: f.kills(20, 3.0), contacts=12_000),
    Scenario("b: workers join and leave every few seconds", lambda _: f.storm(20, 3.0), contacts=12_000),
    Scenario("c: a worker stops past its session, then goes on", lambda _: f.zombies(2), contacts=6_000),
    Scenario("d: a broker of three is killed, then all restart in turn", f.broker_restarts, 3, contacts=12_000),
    Scenario("e: all brokers are away for 60 s", lambda c: f.blackout(c, 3, 60.0), 3, contacts=6_000),
    Scenario("f: local state is lost", lambda _: f.lost_state(3), contacts=6_000),
    Scenario("g: changelogs are compacted, then read again", lambda _: f.compaction(3), contacts=6_000),
    Scenario("h: the disk of a worker is full", lambda _: f.full_disk(200_000), workers=2, contacts=6_000),
    Scenario("i: poison records in every batch", lambda _: f.nothing, poison=True, contacts=6_000),
)
"""The fault suite as ``make chaos`` runs it."""

SHORT = (
    Scenario("a worker of three is killed, 3 times", lambda _: f.kills(3, 2.0)),
    Scenario("workers join and leave", lambda _: f.storm(3, 2.0)),
    Scenario("a worker stops past its session, then goes on", lambda _: f.zombies(1), workers=2, contacts=2_000),
    Scenario("a broker of three is killed, then all restart in turn", f.broker_restarts, 3, 2),
    Scenario("the broker is away for 10 s", lambda c: f.blackout(c, 1, 10.0), workers=2),
    Scenario("local state is lost", lambda _: f.lost_state(1), workers=2, contacts=2_000),
    Scenario("changelogs are compacted, then read again", lambda _: f.compaction(1), workers=2, contacts=2_000),
    Scenario("the disk of a worker is full", lambda _: f.full_disk(200_000), workers=1, contacts=2_000),
    Scenario("poison records in every batch", lambda _: f.nothing, workers=2, poison=True, contacts=2_000),
)
"""The same in short, for every run of the tests."""
