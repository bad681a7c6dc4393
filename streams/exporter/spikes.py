"""Spikes of failure demand, computed from the ledger's arrivals as they stand."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Final

from streams.catalogue import spikes as catalogue
from streams.domain import measures as m
from streams.domain.events import DemandSpiked
from streams.domain.ledger import TOTALS, Entry, Labels
from streams.domain.spikes import Detection, Season, Spike, Tally, count_spike, evidence, share_spike
from streams.domain.units import SECOND, Millis
from streams.exporter.rows import Gauge

_COUNT_NAMES = (catalogue.EXPECTED, catalogue.EXCESS, catalogue.EXCESS_LIMIT, catalogue.SPIKE)
_SHARE_NAMES = (
    catalogue.SHARE_EXPECTED,
    catalogue.SHARE_EXCESS,
    catalogue.SHARE_EXCESS_LIMIT,
    catalogue.SHARE_SPIKE,
)
_DIGEST: Final = 16
"""Bytes that tell one queue and reason from all others."""


def spike_gauges(entries: Iterable[Entry], as_of: Millis, asked: Detection) -> Iterator[Gauge]:
    """Say of every queue and reason, and of every queue's share, where its cumulative sum stands."""
    tallies = _tallies(entries)
    hours = [hour for tally in tallies[m.ARRIVED].values() for hour in tally.hours]
    if not hours:
        return
    season = Season(min(hours), as_of, asked.zone)
    yield Gauge(catalogue.BASELINE_WEEKS, (), season.weeks)
    series = Counter(queue for queue, _ in tallies[m.CAUSED])  # among which a queue's false alarms are divided,
    shares = _by_queue(tallies[m.ARRIVED])
    series.update(shares.keys())  # its share being one more
    for labels, tally in tallies[m.CAUSED].items():
        yield from _gauges(_COUNT_NAMES, labels, count_spike(tally, season, series[labels[0]], asked))
    for queue, (failures, everything) in shares.items():
        yield from _gauges(_SHARE_NAMES, (queue,), share_spike(failures, everything, season, series[queue], asked))


def spikes_of(entries: Iterable[Entry], as_of: Millis, asked: Detection) -> Iterator[DemandSpiked]:
    """Say of every queue and reason that is in alarm what it rests on: the same for as long as the alarm lasts."""
    tallies = _tallies(entries)
    hours = [hour for tally in tallies[m.ARRIVED].values() for hour in tally.hours]
    if not hours:
        return
    season = Season(min(hours), as_of, asked.zone)
    series = Counter(queue for queue, _ in tallies[m.CAUSED]) + Counter(_by_queue(tallies[m.ARRIVED]).keys())
    for (queue, reason), tally in sorted(tallies[m.CAUSED].items()):
        found = count_spike(tally, season, series[queue], asked)
        if found is not None and found.alarm:
            since, contacts, expected = evidence(tally, season, found.limit)
            spiked = DemandSpiked("", as_of, "", queue, reason, since, contacts, round(expected, 1))
            about = blake2b(spiked.spike_key.encode(), digest_size=_DIGEST).hexdigest()  # names may be long
            yield spiked._replace(event_id=f"spike:{about}@{since // SECOND}")


def _gauges(names: Iterable[str], labels: Labels, found: Spike | None) -> Iterator[Gauge]:
    if found is not None:
        yield from (Gauge(name, labels, float(value)) for name, value in zip(names, found, strict=True))


def _tallies(entries: Iterable[Entry]) -> Mapping[str, dict[Labels, Tally]]:
    tallies: dict[str, defaultdict[Labels, Tally]] = {name: defaultdict(Tally) for name in (m.ARRIVED, m.CAUSED)}
    for entry in entries:
        hour, name, labels = entry.series
        if name in tallies:
            tally = tallies[name][labels]
            if hour > TOTALS:
                tally.hours[hour] += entry.net
            else:
                tally.slots[-hour] += entry.net
    return dict(tallies)


def _by_queue(arrived: Mapping[Labels, Tally]) -> Mapping[str, tuple[Tally, Tally]]:
    """Return of each queue what of its arrivals is failure demand, and all of them."""
    found: defaultdict[str, tuple[Tally, Tally]] = defaultdict(lambda: (Tally(), Tally()))
    for (queue, demand), tally in arrived.items():
        failures, everything = found[queue]
        for into in (everything, failures) if demand == "failure" else (everything,):
            into.hours.update(tally.hours)
            into.slots.update(tally.slots)
    return found
