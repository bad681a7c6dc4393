"""The demo's figures: each reading is of one moment, and its last day has 24 hours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import pytest

from streams.bootstrap import open_scratch_engine
from streams.cli.demo_feed import Feed, Script
from streams.cli.demo_figures import Figures, Reading
from streams.cli.demo_pace import Pace
from streams.cli.demo_readings import Readings
from streams.domain import measures as m
from streams.domain.ledger import TOTALS, Entry, Exemplar, Labels, Series
from streams.domain.policy import Policy
from streams.domain.spikes import Detection
from streams.domain.units import DAY, HOUR, MINUTE, Millis
from streams.exporter.spotter import Spotter
from streams.sources.simulator.presets import late_parcels

BEGIN = 20_000 * DAY
POLICY = Policy()


@dataclass
class Counting:
    """A ledger to which one contact was offered in every hour so far; all about the incident come back in it."""

    now: Millis = BEGIN
    incident_at: Millis = BEGIN + 1000 * DAY

    def totals(self) -> Iterable[Entry]:
        hours = (self.now - BEGIN) // HOUR
        failing = max(self.now - self.incident_at, 0) // HOUR
        yield Entry(Series(TOTALS, m.OFFERED, ("delivery", "logistics", "voice")), hours, 0)
        for demand, evidence, n in (("failure", "recontact", failing), ("value", "none", hours - failing)):
            labels = ("delivery", "logistics", "voice", "parcel_late", demand, evidence)
            yield Entry(Series(TOTALS, m.DEMAND, labels), n, 0)

    def cohorts(self, since_hour: int) -> Iterable[Entry]:
        del since_hour
        return ()

    def slots(self) -> Iterable[Entry]:
        return ()

    def exemplars(self) -> Mapping[tuple[str, Labels], Exemplar]:
        return {}

    def health(self) -> Mapping[str, float]:
        return {}


def figures_of(ledger: Counting) -> Figures:
    return Figures(ledger, POLICY, late_parcels(ledger.incident_at), BEGIN)


def noted(figures: Figures, ledger: Counting, hours: int) -> None:
    for _ in range(hours):
        ledger.now += HOUR
        figures.note(ledger.now)


@pytest.mark.parametrize(("hours", "span"), [(1, 1), (23, 23), (24, 24), (25, 24), (100, 24)])
def test_the_last_day_has_24_hours_once_there_were_as_many(hours: int, span: int) -> None:
    ledger = Counting()
    figures = figures_of(ledger)
    noted(figures, ledger, hours)
    reading = figures.read(ledger.now)
    assert (reading.at, reading.span) == (ledger.now, span * HOUR)
    assert reading.queues[0].day["contacts"]["offered"] == span


def test_between_two_hours_the_last_day_is_less_than_one_hour_longer() -> None:
    ledger = Counting()
    figures = figures_of(ledger)
    noted(figures, ledger, 50)
    assert figures.read(ledger.now + 59 * MINUTE).span == DAY + 59 * MINUTE


def test_failure_demand_before_the_incident_stays_what_it_was() -> None:
    ledger = Counting(incident_at=BEGIN + 48 * HOUR)
    figures = figures_of(ledger)
    noted(figures, ledger, 48 + 72)
    reading = figures.read(ledger.now)
    assert (reading.failing, reading.failing_before) == (1.0, 0.0)


def test_what_happens_after_a_reading_does_not_change_it() -> None:
    ledger = Counting()
    readings = Readings(figures_of(ledger), Reading(BEGIN))
    noted(readings.figures, ledger, 30)
    readings.look(ledger.now, 30)
    reading = readings.latest
    noted(readings.figures, ledger, 30)
    assert readings.latest is reading
    assert (reading.at, reading.span, reading.events) == (BEGIN + 30 * HOUR, DAY, 30)
    assert reading.queues[0].day["contacts"]["offered"] == 24


@dataclass
class Spans(Readings):
    """Remembers how long the last day of each reading was; asks to stop at a time."""

    def __init__(self, figures: Figures, until: Millis, stop: Event) -> None:
        super().__init__(figures, Reading(BEGIN))
        self.until, self.stop = until, stop
        self.spans: list[tuple[Millis, Millis]] = []

    def look(self, now: Millis, events: int) -> None:
        del events
        self.spans.append((now, self.figures.read(now).span))
        if now >= self.until:
            self.stop.set()


def test_at_any_speed_the_feed_has_every_hour_noted(tmp_path: Path) -> None:
    written = Script.written(BEGIN, weeks=1)
    quiet = tuple(replace(queue, per_hour=queue.per_hour / 20) for queue in written.plan.queues)
    script = replace(written, plan=replace(written.plan, queues=quiet))
    stop = Event()
    engine = open_scratch_engine(str(tmp_path / "demo.db"), POLICY)
    spans = Spans(Figures(engine.ledger, POLICY, script.incident, script.begins), script.live_at + 2 * DAY, stop)
    feed = Feed(engine, Spotter(engine.ledger, Detection(), "test"), script, 1, Pace(1e6), spans, stop)
    feed.start().join()
    engine.close()
    assert feed.error is None
    assert all(span == DAY for now, span in spans.spans if script.begins + DAY <= now <= script.live_at)
    assert all(DAY <= span < DAY + HOUR for now, span in spans.spans if now > script.live_at)
    assert spans.spans[-1][0] >= spans.until
