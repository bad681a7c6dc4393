"""How soon spikes are seen, at how many false alarms, where the truth is known: ``python -m tests.bench.detect``.

Each rule has the same eight weeks of history to know by what is usual, and looks every five minutes. That of the
monitor promises a rate of false alarms; the others are tuned, on streams of their own, to as many as it really gave.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from math import inf
from statistics import fmean, quantiles
from typing import Final, NamedTuple, TypeAlias

from rich.console import Console
from rich.progress import track

from streams.domain.ledger import SLOT
from streams.domain.spikes import Detection, Season, Tally, count_spike, share_spike
from streams.domain.units import HOUR, MINUTE, Millis
from tests.detection_streams import MONDAY, OPEN, SEASONAL, Arrivals, opening

HISTORY: Final = 56
WATCHED: Final = 28
PROMISED: Final = 1.0
ASKED: Final = Detection(false_alarms=PROMISED)
FACTORS: Final = (1.5, 2.0, 3.0)
_TRIES: Final = 3
"""How many days of a step a rule has to see it: open hours alone count."""
_APART: Final = 2 * HOUR
"""What is an alarm again within this time is the same alarm."""

Draw: TypeAlias = Callable[..., Arrivals]
Statistic: TypeAlias = Callable[[Tally, Season], float]

KINDS: Final[Mapping[str, tuple[str, Draw]]] = {
    "steady": ("12 an hour in 12 open hours", Arrivals),
    "seasonal": ("the same on average, with peaks and quiet weekends", partial(Arrivals, by_hour_of_week=SEASONAL)),
    "scattered": (
        "the same, days scattering by 10 % and hours by 15 % beside chance",
        partial(Arrivals, by_hour_of_week=SEASONAL, day_scatter=0.10, hour_scatter=0.15),
    ),
}


def cusum(failures: Tally, season: Season) -> float:
    """Return 1 while the monitor's rule gives an alarm."""
    found = count_spike(failures, season, 1, ASKED)
    return float(found is not None and found.alarm)


def rolling_ratio(failures: Tally, season: Season) -> float:
    """Return the last hour's count over what is usual; nothing on fewer than five."""
    came, usual = _last(failures, season, 12)
    return came / usual if usual and came >= ASKED.least_contacts else 0.0


def shewhart(failures: Tally, season: Season) -> float:
    """Return by how many standard deviations the last quarter of an hour differs from what is usual."""
    came, usual = _last(failures, season, 3)
    return (came - usual) / usual**0.5 if usual and came >= ASKED.least_contacts else 0.0


def _last(failures: Tally, season: Season, slots: int) -> tuple[int, float]:
    end = season.as_of // SLOT
    span = range(end - slots, end)
    usual = sum(season.expected(failures.hours, slot * SLOT // HOUR) for slot in span) * SLOT / HOUR
    return sum(failures.slots.get(slot, 0) for slot in span), usual


class Rule(NamedTuple):
    """An alarm is what comes to the threshold."""

    statistic: Statistic
    threshold: float


class Delays(NamedTuple):
    """Minutes from the step to the alarm."""

    mean: float
    median: float
    p90: float
    within_the_hour: float

    @classmethod
    def of(cls, minutes: list[float]) -> "Delays":
        deciles = quantiles(minutes, n=10)
        return cls(fmean(minutes), deciles[4], deciles[8], fmean(each <= 60 for each in minutes))


@cache
def season_at(as_of: Millis) -> Season:
    return Season(MONDAY // HOUR, as_of)


def looks(day: int, since: int = 0) -> Iterator[Millis]:
    """Yield when rules look on a day, from so many minutes after opening on."""
    for minutes in range(since, len(OPEN) * 60 + 1, SLOT // MINUTE):
        yield opening(day, minutes)


def onsets(times: Iterable[tuple[Millis, bool]]) -> int:
    """Return how many alarms there were."""
    count, last = 0, -inf
    for at, alarm in times:
        if alarm:
            count += at - last > _APART
            last = at
    return count


def trace(statistic: Statistic, arrivals: Arrivals) -> list[tuple[Millis, float]]:
    """Return a statistic at every look of the days that are watched."""
    failures, _ = arrivals.draw()
    days = range(HISTORY, HISTORY + WATCHED)
    return [(at, statistic(failures, season_at(at))) for day in days for at in looks(day)]


def false_alarms(traces: Iterable[list[tuple[Millis, float]]], threshold: float) -> float:
    """Return how many alarms there are in 28 days in which nothing is wrong."""
    return fmean(onsets((at, value >= threshold) for at, value in each) for each in traces)


def tuned(statistic: Statistic, draw: Draw, seeds: Iterable[int], rate: float) -> Rule:
    """Return the rule of the lowest threshold that gives no more false alarms than a rate."""
    traces = [trace(statistic, draw(seed, HISTORY + WATCHED)) for seed in seeds]
    values = sorted({value for each in traces for _, value in each if value > 0})
    low, high = 0, len(values) - 1
    while low < high:
        middle = (low + high) // 2
        if false_alarms(traces, values[middle]) > rate:
            low = middle + 1
        else:
            high = middle
    return Rule(statistic, values[low])


def delay(rule: Rule, draw: Draw, seed: int, factor: float, *, at_opening: bool) -> float | None:
    """Return how many open minutes it takes from a step to the alarm; None if it was an alarm already."""
    day = HISTORY + 1 + seed % 5
    since = 0 if at_opening else seed * 35 % (len(OPEN) * 60 - 4 * 60) // 5 * 5
    step_at = opening(day, since)
    failures, _ = draw(seed, day + 1 + _TRIES, step_at=step_at, factor=factor).draw()
    if rule.statistic(failures, season_at(step_at)) >= rule.threshold:
        return None
    open_for = 0.0
    for tried in range(day, day + 1 + _TRIES):
        start = since if tried == day else 0
        for at in looks(tried, start):
            if rule.statistic(failures, season_at(at)) >= rule.threshold:
                return open_for + (at - opening(tried, start)) / MINUTE
        open_for += len(OPEN) * 60 - start
    return open_for


def report(kind: str, calm: Iterable[int], stepped: Iterable[int]) -> Iterator[str]:
    """Yield the lines of a table."""
    title, draw = KINDS[kind]
    calm = list(calm)
    ours = Rule(cusum, 1.0)
    rate = false_alarms([trace(cusum, draw(seed, HISTORY + WATCHED)) for seed in calm], ours.threshold)
    rules = {"CUSUM": ours}
    for name, statistic in (("rolling hour, ratio", rolling_ratio), ("Shewhart, 15 min", shewhart)):
        rules[name] = tuned(statistic, draw, (seed + 10_000 for seed in calm), rate)
    yield f"\n{kind}: {title}\nfalse alarms per queue in 28 days: {PROMISED:g} declared, {rate:.2f} given\n"
    yield f"{'rule':<22}{'step':>6}{'mean':>8}{'median':>8}{'90 %':>8}{'in 1 h':>8}\n"
    for factor in FACTORS:
        for name, rule in rules.items():
            found = (delay(rule, draw, 20_000 + seed, factor, at_opening=False) for seed in stepped)
            yield _line(f"{name:<22}{f'x{factor:g}':>6}", found)
        found = (delay(ours, draw, 20_000 + seed, factor, at_opening=True) for seed in stepped)
        yield _line(f"{'CUSUM, at opening':<22}{f'x{factor:g}':>6}", found)


def _line(head: str, found: Iterable[float | None]) -> str:
    delays = Delays.of([each for each in found if each is not None])
    return f"{head}{delays.mean:8.0f}{delays.median:8.0f}{delays.p90:8.0f}{delays.within_the_hour:8.0%}\n"


def report_share(calm: Iterable[int], stepped: Iterable[int]) -> Iterator[str]:
    """Yield how the share of failure demand is watched: 30 % of 40 contacts an hour."""

    def alarm(arrivals: tuple[Tally, Tally], at: Millis) -> bool:
        found = share_spike(*arrivals, season_at(at), 1, ASKED)
        return found is not None and found.alarm

    given = []
    for seed in calm:
        arrivals = Arrivals(seed, HISTORY + WATCHED).draw()
        days = range(HISTORY, HISTORY + WATCHED)
        given.append(onsets((at, alarm(arrivals, at)) for day in days for at in looks(day)))
    yield "\nshare: 30 % of 40 contacts an hour\n"
    yield f"false alarms per queue in 28 days: {PROMISED:g} declared, {fmean(given):.2f} given\n"
    yield f"{'share':>28}{'mean':>8}{'median':>8}{'90 %':>8}{'in 1 h':>8}\n"
    for share in (0.45, 0.60):
        factor = share / (1 - share) / (0.3 / 0.7)
        minutes = []
        for seed in stepped:
            day = HISTORY + 1 + seed % 5
            arrivals = Arrivals(30_000 + seed, day + 1, step_at=opening(day), factor=factor).draw()
            seen = (at for at in looks(day) if alarm(arrivals, at))
            minutes.append((next(seen, opening(day, len(OPEN) * 60)) - opening(day)) / MINUTE)
        yield _line(f"{share:28.0%}", minutes)


def main() -> None:
    """Print a table for each kind of stream."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=[*KINDS, "share"], action="append", help="only this one; may be repeated")
    parser.add_argument("--calm", type=int, default=40, help="streams to count false alarms on (40)")
    parser.add_argument("--steps", type=int, default=200, help="streams with a step, for each factor (200)")
    arguments = parser.parse_args()
    progress = Console(stderr=True)
    seeds = partial(track, console=progress, disable=not progress.is_terminal, transient=True)
    for kind in arguments.kind or [*KINDS, "share"]:
        calm = seeds(range(arguments.calm), kind)
        lines = report_share if kind == "share" else partial(report, kind)
        for line in lines(calm, range(arguments.steps)):
            sys.stdout.write(line)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
