"""The estimates again, straight from the rows of a ledger and the definitions; shares no code with the estimator."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import inf, sqrt
from typing import Final

from streams.domain.ledger import Entry

HOURS: Final = (1, 4, 12, 24, 48, 72, 120, 168, 336, 720)
"""Upper ends of the ages that failures are counted by."""
Z: Final = 1.959963984540054
WEEK: Final = 168


class Queue:
    """What a ledger has of the handled contacts of a queue: by hour of the end, and of the failure."""

    def __init__(self, entries: Iterable[Entry], queue: str) -> None:
        self.ended: dict[int, int] = defaultdict(int)
        self.failed: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self.failing: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self.unlinkable: dict[int, int] = defaultdict(int)
        for (hour, name, labels), added, retracted in entries:
            if hour > 0 and len(labels) >= 4 and labels[0] == queue and labels[3] == "true":
                n = added - retracted
                if name == "cohort_ended":
                    self.ended[hour] += n
                elif name == "cohort_unlinkable":
                    self.unlinkable[hour] += n
                elif name in ("cohort_recurred", "cohort_exited"):
                    self.failed[hour][int(labels[4])] += n
                elif name == "failing":
                    self.failing[hour][int(labels[4])] += n

    def failed_within(self, hour: int, window: int) -> int:
        return sum(n for bucket, n in self.failed[hour].items() if HOURS[bucket] <= window)


def matured(queue: Queue, window: int, now: int) -> tuple[float, float, float]:
    """Of the last week of contacts that have been through the window: the share that failed, with its interval."""
    hours = range(now - window - WEEK, now - window)
    ended = sum(queue.ended[hour] for hour in hours)
    share = sum(queue.failed_within(hour, window) for hour in hours) / ended
    return share, *wilson(share, ended)


def wilson(share: float, size: float) -> tuple[float, float]:
    middle = (share + Z * Z / (2 * size)) / (1 + Z * Z / size)
    half = Z / (1 + Z * Z / size) * sqrt(share * (1 - share) / size + Z * Z / (4 * size * size))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def bounds(queue: Queue, window: int, now: int) -> tuple[float, float]:
    """The least and the most that can fail of those that ended since a window and a week ago."""
    hours = range(now - window - WEEK, now)
    ended = sum(queue.ended[hour] for hour in hours)
    failed = sum(queue.failed_within(hour, window) for hour in hours)
    pending = sum(queue.ended[hour] - queue.failed_within(hour, window) for hour in range(now - window, now))
    return failed / ended, (failed + pending) / ended


def coverage(queue: Queue, window: int, now: int) -> float:
    hours = range(now - window - WEEK, now)
    ended, unlinkable = (sum(counts[hour] for hour in hours) for counts in (queue.ended, queue.unlinkable))
    return ended / (ended + unlinkable)


def live(queue: Queue, window: int, now: int, period: int) -> tuple[float, float, float] | None:
    """What share fails if, at each age, it fails as it did in the last hours: a life table of that period."""
    staying, doubt, fewest = 1.0, 0.0, inf
    for bucket, high in enumerate(HOURS):
        if high > window:
            break
        low = HOURS[bucket - 1] if bucket else 0
        at_risk = 0.0
        for hour, ended in queue.ended.items():
            came = ended - sum(n for earlier, n in queue.failed[hour].items() if earlier < bucket)
            begins, ends = hour + 0.5 + low, hour + 0.5 + high
            there = min(ends, now) - max(begins, now - period)
            at_risk += max(came, 0) * max(there, 0.0) / (high - low)
        if not at_risk:
            return None
        fewest = min(fewest, at_risk)
        failures = sum(queue.failing[hour][bucket] for hour in range(now - period, now))
        hazard = min(failures / at_risk, 1.0)
        staying *= 1 - hazard
        least = 0.5 / (at_risk + 1)
        careful = min(max(hazard, least), 1 - least)
        doubt += careful / ((1 - careful) * at_risk)
    share = 1 - staying
    # The sample that varies as much: p (1 - p) / size = (1 - p)^2 doubt. Where none or all failed, no sample does.
    size = share / (staying * doubt) if 0 < share < 1 else fewest
    return share, *wilson(share, size)


def all_of(queue: Queue, window: int, now: int, period: int) -> Mapping[str, float]:
    """Return it as people ask: what share stays solved."""
    share, low, high = matured(queue, window, now)
    least, most = bounds(queue, window, now)
    found = {
        "outcome_resolution:matured": 1 - share,
        "outcome_resolution:matured_low": 1 - high,
        "outcome_resolution:matured_high": 1 - low,
        "outcome_resolution:at_least": 1 - most,
        "outcome_resolution:at_most": 1 - least,
        "outcome_pending:ratio": most - least,
        "outcome_coverage:ratio": coverage(queue, window, now),
    }
    table = live(queue, window, now, period)
    if table is not None:
        found["outcome_resolution:live"] = 1 - table[0]
        found["outcome_resolution:live_low"] = 1 - table[2]
        found["outcome_resolution:live_high"] = 1 - table[1]
    return found
