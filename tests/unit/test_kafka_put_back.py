"""A source that was deleted and made again is not taken for what was read before."""

from contextlib import closing
from pathlib import Path

import pytest

from streams.contracts.encode import encode
from streams.domain.events import ClockTicked
from streams.domain.policy import Policy
from streams.domain.units import HOUR, Millis
from streams.engines.port import StorageError
from tests.histories import START, contact
from tests.partitions import Partitions

NOW = START + 10 * HOUR


def tick(partitions: Partitions, at: Millis) -> None:
    partitions.tick(lambda p: encode(ClockTicked(f"tick-{at}-{p}", at, "test")), NOW)


@pytest.mark.parametrize("source", ["events", "facts"])
@pytest.mark.parametrize("restarts", [False, True])
def test_a_source_that_begins_again_ends_a_worker(tmp_path: Path, source: str, *, restarts: bool) -> None:
    with closing(Partitions(tmp_path, Policy(), 1)) as partitions:
        partitions.append([("a", one) for one in contact("a", START)], NOW)
        for n in range(1, 4):
            tick(partitions, START + n * HOUR)
            partitions.finish()
        if restarts:
            partitions.restart(0)
        partitions.append([("b", one) for one in contact("b", START + 4 * HOUR)], NOW)
        tick(partitions, START + 5 * HOUR)
        partitions.step(0, 10, 0)
        remade = getattr(partitions, source)[0][-1]._replace(offset=0)  # as consumers find it, being sent back there
        with pytest.raises(
            StorageError, match=rf"{source}: partition 0 begins again at offset 0, .* deleted or put back"
        ):
            partitions.units[0].process(*(([remade], []) if source == "events" else ([], [remade])))
