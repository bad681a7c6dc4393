"""A log comes to the same whichever engine processes it, and however many partitions it is spread over."""

import json
from collections import Counter

from streams.domain import measures as m
from streams.domain.ledger import Series
from streams.domain.policy import Policy
from streams.sources.simulator.generate import simulate
from streams.sources.simulator.plan import Plan
from streams.sources.simulator.presets import demo_plan, noisy_plan
from tests.engines import BY_PARTITION, Game, Play, Played, play_embedded

START = 1_767_225_600_000
LATER = START + 90 * 86_400_000


def game(plan: Plan) -> Game:
    return Game([simulated.raw for simulated in simulate(plan, seed=5, start=START, contacts=1_000)], Policy(), LATER)


def totals(played: Played) -> dict[Series, tuple[int, int]]:
    return {
        series: (added, retracted)
        for series, added, retracted in played.entries
        if (added or retracted) and series.name not in BY_PARTITION and "clock.tick" not in series.labels
    }


def net(played: Played) -> dict[Series, int]:
    """What holds in the end; how often it had to be restated is another matter."""
    found = {series: added - retracted for series, (added, retracted) in totals(played).items()}
    return {series: n for series, n in found.items() if n and series.name != m.RESTATEMENTS}


def settled(played: Played) -> Counter[bytes]:
    """Nudges but for those that were told ahead of time: which, depends on how much is read at once."""
    return Counter(nudge for nudge in played.nudges if not json.loads(nudge).get("provisional"))


def test_a_log_gives_the_ledger_and_the_outcomes_of_the_embedded_engine(play: Play) -> None:
    [played], [wanted] = play([game(demo_plan())]), play_embedded([game(demo_plan())])
    assert totals(played) == totals(wanted)
    assert Counter(played.outcomes) == Counter(wanted.outcomes)
    assert settled(played) == settled(wanted)
    assert settled(wanted)


def test_what_comes_late_and_twice_comes_to_the_same_in_the_end(play: Play) -> None:
    [played], [wanted] = play([game(noisy_plan())]), play_embedded([game(noisy_plan())])
    assert net(played) == net(wanted)
