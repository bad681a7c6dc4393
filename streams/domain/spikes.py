"""Spikes of failure demand: what comes, against what is usual at this hour of the week, as cumulative sums.

Everything follows from counts by hour and by slot as the ledger has them, in the log's own time. So it can be computed
anew at any moment, whoever does it finds the same, and neither a restart nor a backlog changes what is found.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from math import ceil, log2
from typing import Final, NamedTuple

from streams.domain.cusum import ALLOWANCE, Reading, count_limit, follow, odds_of, share_limit, step
from streams.domain.ledger import SLOT
from streams.domain.units import DAY, HOUR, Millis

WEEK: Final = 7 * 24
"""Hours of a week: the season."""
MOST_WEEKS: Final = 8
"""How many weeks what is usual is the mean of."""
PROMISE: Final = 28 * DAY
"""The time for which false alarms are promised."""

_SLOTS: Final = HOUR // SLOT
_BLOCK: Final = 4
"""Hours over which counts are held against each other to find how much they scatter: about as long as a doubling
takes to be seen, so that what scatters from one such time to the next, and not within it, is seen as well."""
_FINEST: Final = 0.01
_MOST_SHARE: Final = 0.95
_GRID: Final = 8


@dataclass(frozen=True, slots=True)
class Detection:
    """What is asked of it: at most so many false alarms per queue in 28 days, and none on fewer contacts than these.

    ``zone`` is where the hours of the week are those of people's lives.
    """

    false_alarms: float = 1.0
    least_contacts: int = 5
    zone: tzinfo = UTC


@dataclass(slots=True)
class Tally:
    """Contacts by the hour and by the slot in which they arrived, both counted from the epoch."""

    hours: Counter[int] = field(default_factory=Counter)
    slots: Counter[int] = field(default_factory=Counter)


class Spike(NamedTuple):
    """A cumulative sum, what makes it an alarm, and what is expected: contacts in this hour, or a share."""

    expected: float
    excess: float
    limit: float
    alarm: bool


class Evidence(NamedTuple):
    """What an alarm rests on: how many came since the sum began to rise, and how many are usual in that time."""

    since: Millis
    contacts: int
    expected: float


class Season:
    """The hours that are followed, each with the same hours of earlier weeks, as seen at ``as_of``.

    They begin with the day (UTC) before the one that ``as_of`` lies in. ``first`` is the first hour of the ledger.
    """

    def __init__(self, first: int, as_of: Millis, zone: tzinfo = UTC) -> None:
        self.as_of = as_of
        self.hour = as_of // HOUR
        self.start = (as_of // DAY - 1) * DAY // HOUR
        self.weeks = min(max(self.start - first, 0) // WEEK, MOST_WEEKS)
        """How many weeks of history there are before what is followed, to say what is usual."""
        self._before = {
            hour: [_weeks_before(hour, week, zone) for week in range(1, self.weeks + 1)]
            for hour in range(self.start, self.hour + 1)
        }

    def expected(self, hours: Mapping[int, int], hour: int) -> float:
        """Return how many are usual in an hour: the mean of the same hour of the weeks before."""
        return sum(hours.get(before, 0) for before in self._before[hour]) / self.weeks

    def recent(self, slots: Mapping[int, int]) -> Iterator[tuple[int, int, float]]:
        """Return of each slot since the start its hour, how many came, and what part of an hour it is, up to now."""
        last = self.as_of // SLOT
        for slot in range(self.start * _SLOTS, last):
            yield slot // _SLOTS, slots.get(slot, 0), 1 / _SLOTS
        yield last // _SLOTS, slots.get(last, 0), self.as_of % SLOT / HOUR

    def past(self, hours: Mapping[int, int]) -> Mapping[tuple[int, int], int]:
        """Return the counts of whole weeks before what is followed, by block of the week and week, without zeros.

        What is followed is left out, or a spike would raise its own limit.
        """
        counts: Counter[tuple[int, int]] = Counter()
        blocks = WEEK // _BLOCK
        for hour, n in hours.items():
            block = (self.start - 1 - hour) // _BLOCK
            if 0 <= block < blocks * self.weeks:
                counts[block % blocks, block // blocks] += n
        return counts


def first_season(as_of: Millis) -> int:
    """Return the first hour that anything here looks at."""
    return (as_of // DAY - 1) * DAY // HOUR - (MOST_WEEKS + 1) * WEEK


def count_spike(arrivals: Tally, season: Season, series: int, asked: Detection) -> Spike | None:
    """Watch how many contacts come; None until a week of history is over.

    ``series`` is how many are watched of the same queue, among which its false alarms are divided.
    """
    if not season.weeks:
        return None
    usual = season.past(arrivals.hours)
    scatter = _scatter(usual, season.weeks)
    in_promise = sum(usual.values()) / season.weeks * (PROMISE // HOUR // WEEK)
    # Counts that scatter more than a Poisson process are like one of fewer, heavier contacts.
    length = _grid(in_promise * series / asked.false_alarms / scatter)
    limit = max(scatter * count_limit(length), asked.least_contacts)
    expected = {hour: season.expected(arrivals.hours, hour) for hour in range(season.start, season.hour + 1)}
    steps = (n - ALLOWANCE * expected[hour] * part for hour, n, part in season.recent(arrivals.slots))
    return Spike(expected[season.hour], *_reading(steps, limit))


def evidence(arrivals: Tally, season: Season, limit: float) -> Evidence:
    """Return what came since the cumulative sum of counts, which makes an alarm at a limit, was last at zero."""
    began = season.start * HOUR
    since, contacts, expected = began, 0, 0.0
    reading = Reading(0.0, alarm=False)
    for place, (hour, n, part) in enumerate(season.recent(arrivals.slots), 1):
        usual = season.expected(arrivals.hours, hour) * part
        reading = step(reading, n - ALLOWANCE * usual, limit)
        contacts, expected = contacts + n, expected + usual
        if not reading.excess:
            since, contacts, expected = began + place * SLOT, 0, 0.0
    return Evidence(min(since, season.as_of), contacts, expected)


def share_spike(failures: Tally, all_of_them: Tally, season: Season, series: int, asked: Detection) -> Spike | None:
    """Watch the share of contacts that are failure demand; None until a week of history is over, or if near all are."""
    past, of = season.past(failures.hours), season.past(all_of_them.hours)
    contacts = sum(of.values())
    if not season.weeks or not contacts:
        return None
    share = sum(past.values()) / contacts
    usual = max(ceil(share / _FINEST) * _FINEST, _FINEST)  # rounded so that few limits have to be computed
    if usual > _MOST_SHARE:
        return None
    scatter = _binomial_scatter(past, of, share)
    length = _grid(contacts / season.weeks * (PROMISE // HOUR // WEEK) * series / asked.false_alarms / scatter)
    limit = max(scatter * share_limit(usual, length), asked.least_contacts)
    odds = odds_of(usual)
    pairs = zip(season.recent(failures.slots), season.recent(all_of_them.slots), strict=True)
    steps = (odds.step(failed, arrived) for (_, failed, _), (_, arrived, _) in pairs)
    return Spike(share, *_reading(steps, limit))


def _reading(steps: Iterator[float], limit: float) -> tuple[float, float, bool]:
    excess, alarm = follow(steps, limit)
    return excess, limit, alarm


def _scatter(counts: Mapping[tuple[int, int], int], weeks: int) -> float:
    """Return how much more counts differ from the mean of the weeks before than Poisson counts from their true mean.

    The variance over the mean, pooled over the blocks of the week; one at the least. The mean of a few weeks is no
    truth itself: that adds its own part.
    """
    about_the_mean = 1.0
    total = sum(counts.values())
    if weeks > 1 and total:
        by_block: Counter[int] = Counter()
        for (block, _), n in counts.items():
            by_block[block] += n
        squares = sum(n * n for n in counts.values()) - sum(n * n for n in by_block.values()) / weeks
        about_the_mean = max(squares / (weeks - 1) / (total / weeks), 1.0)
    return about_the_mean * (1 + 1 / weeks)


def _binomial_scatter(
    hits: Mapping[tuple[int, int], int], contacts: Mapping[tuple[int, int], int], share: float
) -> float:
    """Return how much more shares of blocks of time differ from the whole's than chance has it; one at the least."""
    by_chance = share * (1 - share) * sum(contacts.values())
    squares = sum((hits.get(block, 0) - share * n) ** 2 for block, n in contacts.items())
    return max(squares / by_chance, 1.0) if by_chance else 1.0


def _grid(length: float) -> float:
    """Return the next longer of a few run lengths, so that few limits have to be computed."""
    return float(2 ** (ceil(log2(max(length, 1.0)) * _GRID) / _GRID))


def _weeks_before(hour: int, weeks: int, zone: tzinfo) -> int:
    """Return the hour at which clocks showed the same time of the same day, some weeks before."""
    local = datetime.fromtimestamp(hour * HOUR // 1000, zone).replace(tzinfo=None) - timedelta(weeks=weeks)
    return int(local.replace(tzinfo=zone).timestamp()) // (HOUR // 1000)
