"""What the demo shows: weeks of simulated history as fast as possible, then life, faster than the clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Event, Lock, Thread
from time import monotonic
from typing import Final

from streams.cli.demo_pace import Pace
from streams.cli.demo_readings import Readings
from streams.contracts.encode import encode
from streams.contracts.times import EPOCH
from streams.domain.units import DAY, HOUR, SECOND, Millis
from streams.engines.embedded import EmbeddedEngine
from streams.exporter.spotter import Spotter
from streams.sources.simulator.generate import Simulated, simulate
from streams.sources.simulator.plan import Incident, Leads, Plan
from streams.sources.simulator.presets import WEEKDAYS, demo_plan, late_parcels

_STRIDE: Final = 8 * HOUR
"""How far history goes in one step; a part of a day, so that the last day can always be told exactly."""

_STEP_S: Final = 0.1
_OPENS: Final = 7
_BUSY: Final = range(8, 18)
"""The hours of a working day in which more than a few contacts come."""
_THURSDAY: Final = 3
_HOURS: Final = 24
_INCIDENT_AFTER: Final = 2 * HOUR
_ACTS: Final = 0.3
_EFFECT: Final = 0.4
"""Leads act on a part of the nudges, and of the repeats that they act on, this share does not fail that would have."""
_VOLUME: Final = 0.4
"""How many contacts come, as a share of the plan's: weeks of them must go through before anybody gets bored."""


@dataclass(frozen=True, slots=True)
class Script:
    """When the demo plays: its history, the moment at which life begins, and what goes wrong then."""

    begins: Millis
    live_at: Millis
    incident: Incident
    plan: Plan

    @classmethod
    def written(cls, now: Millis, weeks: int) -> "Script":
        """Return a script in which life begins on the last morning before now that three working days follow."""
        morning = now // DAY * DAY + _OPENS * HOUR
        live_at = next(at for at in range(morning, 0, -DAY) if at <= now and _weekday(at) < _THURSDAY)
        incident = late_parcels(live_at + _INCIDENT_AFTER)
        plan = demo_plan(incident)
        queues = tuple(replace(queue, per_hour=queue.per_hour * _VOLUME) for queue in plan.queues)
        leads = Leads(acts=_ACTS, effect=_EFFECT)
        return cls(live_at - weeks * 7 * DAY, live_at, incident, replace(plan, queues=queues, leads=leads))

    def busy_from(self, at: Millis) -> Millis:
        """Return the first time, from one on, at which there is something to do."""
        while at // HOUR % _HOURS not in _BUSY or _weekday(at) not in WEEKDAYS:
            at = (at // HOUR + 1) * HOUR
        return at


@dataclass(slots=True)
class Feed:
    """Simulates into an engine and has readings taken in between, in a thread of its own.

    Between two events nothing changes but what is appended, so that a reading belongs to one moment.
    """

    engine: EmbeddedEngine
    spotter: Spotter
    script: Script
    seed: int
    pace: Pace
    readings: Readings
    stop: Event
    error: Exception | None = None
    now: Millis = field(init=False)
    _coming: "_Coming" = field(init=False)
    _events: int = 0
    _writing: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        """Begin where the script does."""
        self.now = self.script.begins
        self._coming = _Coming(simulate(self.script.plan, self.seed, self.script.begins))

    def clock(self) -> Millis:
        """Return the time as the board sees it: while history is told, nothing is late and nothing expires."""
        return self.now if self.now >= self.script.live_at else self.script.begins

    def append(self, records: Sequence[bytes], received_at: Millis) -> None:
        """Put records in the log between what is simulated, from any thread, and have them processed.

        Raises:
            StorageError: they can't be written.
        """
        with self._writing:
            self.engine.ingest(records, max(received_at, self.now), {})

    def start(self) -> Thread:
        """Begin, and go on until asked to stop."""
        thread = Thread(target=self._run, name="feed")
        thread.start()
        return thread

    def _run(self) -> None:
        try:
            self.go_to(self.script.live_at)
            self._live()
        except Exception as error:  # noqa: BLE001 - not swallowed: whoever looks at the demo raises it
            self.error = error

    def go_to(self, until: Millis) -> None:
        """Process all that happens up to a time. Of the last day every hour is noted, for the readings after it."""
        while (left := until - self.now) > 0 and not self.stop.is_set():
            for _ in range(_STRIDE // HOUR if left <= DAY else 1):
                self._go_on(min(self.now + (HOUR if left <= DAY else _STRIDE), until))
            self.readings.look(self.now, self._events)

    def _live(self) -> None:
        """Process what happens as time passes at the demo's pace, or more slowly where that is too much.

        Who looks at the board is not kept waiting: what passes then is the time in which there is something to do.
        """
        last = monotonic()
        while not self.stop.wait(_STEP_S):
            since, last = last, monotonic()
            until = self.now + min(round((last - since) * self.pace.now * SECOND), DAY)
            if self.pace.is_watched:
                until = self.script.busy_from(until)
            while self.now < until and not self.stop.is_set():
                self._go_on(min(until, (self.now // HOUR + 1) * HOUR))
            self.readings.look(self.now, self._events)

    def _go_on(self, until: Millis) -> None:
        batch = self._coming.before(until)
        with self._writing:
            if batch:
                self.engine.ingest([simulated.raw for simulated in batch], batch[-1].logged_at, {})
            spiked = [encode(spike) for spike in self.spotter.look(until)] if until > self.script.live_at else []
            if spiked:
                self.engine.ingest(spiked, until, {})
            self.now = until
        self._events += len(batch) + len(spiked)
        self.readings.note(until)


class _Coming:
    """What has not happened yet, in the order in which it is logged; it never ends."""

    def __init__(self, simulated: Iterator[Simulated]) -> None:
        self._simulated = simulated
        self._next = next(simulated)

    def before(self, until: Millis) -> list[Simulated]:
        """Take what is logged before a time."""
        taken: list[Simulated] = []
        while self._next.logged_at < until:
            taken.append(self._next)
            self._next = next(self._simulated)
        return taken


def _weekday(at: Millis) -> int:
    return (EPOCH + timedelta(milliseconds=at)).weekday()
