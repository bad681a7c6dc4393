"""What the demo shows: weeks of simulated history as fast as possible, then life, faster than the clock."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain
from threading import Event, Thread
from time import monotonic
from typing import Final

from streams.contracts.times import EPOCH
from streams.domain.units import DAY, HOUR, SECOND, Millis
from streams.engines.embedded import EmbeddedEngine
from streams.sources.simulator.generate import Simulated, simulate
from streams.sources.simulator.plan import Incident, Plan
from streams.sources.simulator.presets import demo_plan, late_parcels

_BATCH: Final = 2_000
_STEP_S: Final = 0.1
_OPENS: Final = 7
_THURSDAY: Final = 3
_INCIDENT_AFTER: Final = 2 * HOUR
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
        return cls(live_at - weeks * 7 * DAY, live_at, incident, replace(plan, queues=queues))


@dataclass(slots=True)
class Feed:
    """Simulates into an engine, in a thread of its own. Others only read its attributes."""

    engine: EmbeddedEngine
    script: Script
    seed: int
    speed: float
    stop: Event
    now: Millis = field(init=False)
    events: int = 0
    error: Exception | None = None

    def __post_init__(self) -> None:
        """Begin where the script does."""
        self.now = self.script.begins

    @property
    def live(self) -> bool:
        """Whether history is over."""
        return self.now >= self.script.live_at

    def start(self) -> Thread:
        """Begin, and go on until asked to stop."""
        thread = Thread(target=self._run, name="feed")
        thread.start()
        return thread

    def _run(self) -> None:
        try:
            coming = simulate(self.script.plan, self.seed, self.script.begins)
            self._live(self._history(coming))
        except Exception as error:  # noqa: BLE001 - not swallowed: whoever looks at the demo raises it
            self.error = error

    def _history(self, coming: Iterator[Simulated]) -> Iterator[Simulated]:
        """Process all of history; return what comes after it."""
        batch: list[Simulated] = []
        for simulated in coming:
            if simulated.logged_at >= self.script.live_at:
                self._take(batch, self.script.live_at)
                return chain((simulated,), coming)
            batch.append(simulated)
            if len(batch) == _BATCH:
                self._take(batch, batch[-1].logged_at)
                batch = []
                if self.stop.is_set():
                    break
        return coming

    def _live(self, coming: Iterator[Simulated]) -> None:
        """Process what happens as time passes at the demo's speed, or more slowly where that is too much."""
        ahead = next(coming)
        last = monotonic()
        while not self.stop.wait(_STEP_S):
            since, last = last, monotonic()
            until = self.now + round((last - since) * self.speed * SECOND)
            batch: list[Simulated] = []
            while ahead.logged_at < until and len(batch) < _BATCH:
                batch.append(ahead)
                ahead = next(coming)
            self._take(batch, min(until, ahead.logged_at))

    def _take(self, batch: list[Simulated], now: Millis) -> None:
        if batch:
            self.engine.ingest([simulated.raw for simulated in batch], batch[-1].logged_at, {})
        self.events += len(batch)
        self.now = now


def _weekday(at: Millis) -> int:
    return (EPOCH + timedelta(milliseconds=at)).weekday()
