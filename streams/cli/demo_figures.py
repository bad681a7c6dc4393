"""The figures of the demo's view: what the outputs said of the last day, and what became of the customers."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.catalogue import estimates as e
from streams.domain import measures as m
from streams.domain.ledger import Entry, Series
from streams.domain.policy import Policy
from streams.domain.units import DAY, HOUR, Millis
from streams.exporter.estimates import estimate_gauges, first_hour
from streams.exporter.reader import LedgerReader
from streams.exporter.report import Report, Totals, report

_QUEUE_LEVEL = next(level for level in e.LEVELS if level.labels == ("queue",))


class Interval(NamedTuple):
    """An estimate of a share, and where the truth should be."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """One queue: outputs and demand of the last day, and the resolution of handled contacts, by window."""

    queue: str
    day: Report
    failure_demand: float | None
    live: Mapping[str, Interval]
    matured: Mapping[str, float]
    pending: Mapping[str, int]


@dataclass(slots=True)
class Figures:
    """Reads a ledger now and then. Keeps the totals of the last day, to tell what happened in it."""

    ledger: LedgerReader
    policy: Policy
    _past: deque[tuple[Millis, dict[Series, int]]] = field(default_factory=deque)

    def remember(self, now: Millis) -> None:
        """Note what has been counted by now; called often, it lets the last day be told to the hour."""
        past = self._past
        if not past:
            past.append((now, {}))  # the ledger was empty when the first day began
        if now - past[-1][0] >= HOUR:
            past.append((now, {entry.series: entry.net for entry in self.ledger.totals()}))
        while len(past) > 1 and past[1][0] <= now - DAY:
            past.popleft()

    @property
    def day_began(self) -> Millis:
        """When the last day began: a day ago, or a little more where that was not noted."""
        return self._past[0][0] if self._past else 0

    def read(self, now: Millis) -> list[QueueFigures]:
        """Return the figures of every queue as of a time that never falls between calls, by name."""
        entries = list(self.ledger.totals())
        day = self._of_last_day(entries)
        estimates = self._estimates(now)
        names = sorted({labels[0] for labels in Totals(entries).by(m.OFFERED, 0)})
        return [self._of_queue(name, _of(name, day), _of(name, entries), estimates.get(name, {})) for name in names]

    def failure_share(self, queue: str, reason: str) -> tuple[float | None, float | None]:
        """Return the failure share of the demand about a reason: in the last day, and in all the time before."""
        entries = list(self.ledger.totals())
        day = Totals(self._of_last_day(entries)).only(0, queue).only(3, reason).by(m.DEMAND, 4)
        ever = Totals(entries).only(0, queue).only(3, reason).by(m.DEMAND, 4)
        before = {demand: n - day.get(demand, 0) for demand, n in ever.items()}
        return _failure_share(day), _failure_share(before)

    def _of_queue(
        self, queue: str, day: Sequence[Entry], ever: Sequence[Entry], estimates: Mapping[tuple[str, str], float]
    ) -> QueueFigures:
        # What is estimated is the share that fails; solved is what remains, so its low end comes from the high one.
        solved = {what: 1 - failed for what, failed in estimates.items()}
        interval = (e.LIVE.name, e.LIVE_HIGH.name, e.LIVE_LOW.name)
        windows = [window.name for window in self.policy.windows]
        return QueueFigures(
            queue,
            report(day, self.policy),
            _failure_share(Totals(day).by(m.DEMAND, 4)),
            {
                window: Interval(*(solved[name, window] for name in interval))
                for window in windows
                if (e.LIVE.name, window) in solved
            },
            {window: solved[e.MATURED.name, window] for window in windows if (e.MATURED.name, window) in solved},
            {window: counts["pending"] for window, counts in report(ever, self.policy)["windows"].items()},
        )

    def _estimates(self, now: Millis) -> dict[str, dict[tuple[str, str], float]]:
        """Return the estimates for handled contacts by queue, and by quantity and window."""
        found: dict[str, dict[tuple[str, str], float]] = {}
        cohorts = self.ledger.cohorts(first_hour(self.policy.windows, now))
        for name, labels, value in estimate_gauges(cohorts, self.policy.windows, now):
            quantity = name.removeprefix(_QUEUE_LEVEL.prefix)
            if quantity == name or len(labels) != len(("queue", "handled", "window")):
                continue
            queue, handled, window = labels
            if handled == "true":
                found.setdefault(queue, {})[quantity, window] = value
        return found

    def _of_last_day(self, entries: Iterable[Entry]) -> list[Entry]:
        before = self._past[0][1] if self._past else {}
        return [Entry(entry.series, entry.net - before.get(entry.series, 0), 0) for entry in entries]


def _of(queue: str, entries: Iterable[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.series.labels[:1] == (queue,)]


def _failure_share(by_demand: Mapping[tuple[str, ...], int]) -> float | None:
    total = sum(by_demand.values())
    return by_demand.get(("failure",), 0) / total if total else None
