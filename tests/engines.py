"""Every engine behind one face: a log goes in, and out come the ledger, the outcomes and the dead letters."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import NamedTuple

from streams.contracts.dead_letters import HEADER_REASON
from streams.domain import measures as m
from streams.domain.ledger import Entry
from streams.domain.policy import Policy
from streams.domain.units import Millis
from streams.engines.embedded import EmbeddedEngine
from tests.ledgers import rows
from tests.site import Site, Working, make_config


class Game(NamedTuple):
    """A log, the policy that it is judged by, and the time until which it is watched."""

    log: Sequence[bytes]
    policy: Policy
    until: Millis
    live: bool = False
    """Whether each partition is told the time as the log goes on, as it is where the clock ticks."""


class Played(NamedTuple):
    """What an engine made of a log. Outcomes of one customer are in order."""

    entries: Sequence[Entry]
    outcomes: Sequence[bytes]
    nudges: Sequence[bytes]
    dead: Sequence[tuple[str, bytes]]
    """Reason and record of each dead letter."""


BY_PARTITION = frozenset({m.DUPLICATES, m.LATE})
"""Whether a copy of an event is seen as such, and whether one is late, depends on what else is in its partition."""

Play = Callable[[Sequence[Game]], Sequence[Played]]


def play_embedded(games: Sequence[Game]) -> Sequence[Played]:
    """Have the embedded engine process each log."""
    return [_embedded(game) for game in games]


def _embedded(game: Game) -> Played:
    engine = EmbeddedEngine(":memory:", game.policy)
    engine.ingest(game.log, round(time() * 1000), {})
    engine.advance(game.until)
    outcomes = [record for _, record in engine.outcomes()]
    dead = [(letter.reason, letter.record) for letter in engine.dead_letters()]
    nudges = [record for _, record in engine.nudges()]
    played = Played(rows(engine.ledger), outcomes, nudges, dead)
    engine.close()
    return played


@dataclass(frozen=True)
class PlayKafka:
    """Has a worker of the Kafka engine process each log, in topics of its own on a broker, some at a time."""

    bootstrap: str
    partitions: int = 3
    makes_topics: bool = True
    """Else the broker makes them as they are asked for."""
    together: int = 6

    def __call__(self, games: Sequence[Game]) -> Sequence[Played]:
        """Process each log."""
        with tempfile.TemporaryDirectory() as folder:
            return asyncio.run(self._play(games, Path(folder)))

    async def _play(self, games: Sequence[Game], folder: Path) -> Sequence[Played]:
        room = asyncio.Semaphore(self.together)

        async def play(number: int, game: Game) -> Played:
            async with room:
                return await self._one(game, folder / str(number))

        return await asyncio.gather(*(play(number, game) for number, game in enumerate(games)))

    async def _one(self, game: Game, state: Path) -> Played:
        config = make_config(self.bootstrap, state, self.partitions, cache=8 << 20, write_buffer=4 << 20)
        site = Site(config)
        await (site.create() if self.makes_topics else site.find())
        await site.produce(game.log, in_step=game.live)
        await site.tick(game.until + game.policy.lateness)
        async with Working(config, game.policy) as working:
            entries = await working.settled(site, game.until)
        dead = await site.records(config.topics.dead_letters.name)
        return Played(
            entries,
            [record.value for record in await site.records(config.topics.outcomes.name)],
            [record.value for record in await site.records(config.topics.nudges.name)],
            [(dict(record.headers)[HEADER_REASON].decode(), record.value) for record in dead],
        )
