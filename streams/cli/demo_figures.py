"""The figures of the demo's view: what the outputs said of the last day, and what became of the customers."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from typing import NamedTuple

from streams.catalogue import estimates as e
from streams.domain import measures as m
from streams.domain.ledger import Entry, Series
from streams.domain.policy import Policy
from streams.domain.units import DAY, HOUR, Millis
from streams.exporter.estimates import estimate_gauges, first_hour
from streams.exporter.reader import LedgerReader
from streams.exporter.report import Report, Totals, report
from streams.sources.simulator.plan import Incident

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


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read at one moment: all that a frame says, so that no part of it is older than another.

    Attributes:
        at: the moment.
        span: how long before it the last day began: 24 hours and less than one more, or all the time there was.
        failing: the failure share of the demand that the incident is about, in that span.
        failing_before: the same in all the time before the incident.
        events: how many have been processed.
        rate: how many were processed a second, by the clock on the wall.
    """

    at: Millis
    span: Millis = 0
    queues: Sequence[QueueFigures] = ()
    failing: float | None = None
    failing_before: float | None = None
    events: int = 0
    rate: float = 0.0


@dataclass(slots=True)
class Figures:
    """Reads a ledger that was empty at a time, and keeps the totals of the last day, to tell what happened in it."""

    ledger: LedgerReader
    policy: Policy
    incident: Incident
    empty_at: InitVar[Millis]
    _past: deque[tuple[Millis, dict[Series, int]]] = field(init=False)
    _before: dict[Series, int] = field(default_factory=dict)

    def __post_init__(self, empty_at: Millis) -> None:
        """Note that nothing had been counted yet."""
        self._past = deque([(empty_at, {})])

    def note(self, now: Millis) -> None:
        """Keep what has been counted by now, at most once an hour; called every hour, a last day has 24 to 25 hours."""
        past = self._past
        if now - past[-1][0] >= HOUR:
            past.append((now, {entry.series: entry.net for entry in self.ledger.totals()}))
            if now <= self.incident.start:
                self._before = past[-1][1]
        while len(past) > 1 and past[1][0] <= now - DAY:
            past.popleft()

    def read(self, now: Millis) -> Reading:
        """Return the figures as of a time that never falls between calls, the queues by name."""
        began, before = self._past[0]
        entries = list(self.ledger.totals())
        day = [Entry(entry.series, entry.net - before.get(entry.series, 0), 0) for entry in entries]
        estimates = self._estimates(now)
        names = sorted({labels[0] for labels in Totals(entries).by(m.OFFERED, 0)})
        queues = [self._of_queue(name, _of(name, day), _of(name, entries), estimates.get(name, {})) for name in names]
        quiet = [Entry(series, net, 0) for series, net in self._before.items()]
        return Reading(now, now - began, queues, self._failing(day), self._failing(quiet))

    def _failing(self, entries: Iterable[Entry]) -> float | None:
        """Return the failure share of the demand that the incident is about."""
        about = Totals(entries).only(0, self.incident.queue).only(3, self.incident.reason)
        return _failure_share(about.by(m.DEMAND, 4))

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


def _of(queue: str, entries: Iterable[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.series.labels[:1] == (queue,)]


def _failure_share(by_demand: Mapping[tuple[str, ...], int]) -> float | None:
    total = sum(by_demand.values())
    return by_demand.get(("failure",), 0) / total if total else None
