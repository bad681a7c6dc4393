"""What the board and the ledger count of the same contacts, in one shape."""

from collections import Counter
from collections.abc import Iterable

from streams.board import entries as e
from streams.board.model import Model
from streams.domain import measures as m
from streams.domain.ledger import TOTALS, Entry
from streams.exporter.report import Totals

Tallies = Counter[tuple[str, ...]]
"""How many, by the board's measure, the team and its queue, and what else the measure goes by."""

_OUTPUTS = {
    m.HANDLED: (e.ENDED, e.HANDLED),
    m.ABANDONED: (e.ENDED,),
    m.SHORT_ABANDONED: (e.ENDED,),
    m.CLAIMED_RESOLVED: (e.CLAIMED,),
    m.HANDLE_TIME.name: (e.TIMED,),
    m.HANDLE_TIME.sum_name: (e.HANDLE_TIME,),
}
_COMPARED = {
    e.ARRIVED,
    e.FAILURE,
    e.CAUSED,
    e.COHORT,
    e.UNLINKABLE,
    *(name for names in _OUTPUTS.values() for name in names),
}


def of_the_board(model: Model) -> Tallies:
    """Return what the board counts of arrivals and of ends."""
    found: Tallies = Counter()
    for series, hours in model.counts.every().items():
        if series[0] in _COMPARED and (series[0] != e.COHORT or series[3] == e.ALL):
            found[series] += sum(hours.values())
    return _counted(found)


def of_the_ledger(entries: Iterable[Entry]) -> Tallies:
    """Return what the ledger counts of them."""
    totals = Totals(entry for entry in entries if entry.series.hour == TOTALS)
    found: Tallies = Counter()
    for measure, names in _OUTPUTS.items():
        for (queue, team), n in totals.by(measure, 0, 1).items():
            for name in names:
                found[name, team, queue] += n
    for (queue, team, demand), n in totals.by(m.DEMAND, 0, 1, 4).items():
        found[e.ARRIVED, team, queue] += n
        if demand == "failure":
            found[e.FAILURE, team, queue] += n
    for (queue, team, reason), n in totals.by(m.ORIGIN, 0, 1, 3).items():
        found[e.CAUSED, team, queue, reason] += n
    for (queue, team), n in totals.only(4, "true").by(m.ENDED, 0, 1).items():
        found[e.COHORT, team, queue, e.ALL] += n
    for (queue, team), n in totals.only(3, "true").by(m.UNLINKABLE, 0, 1).items():
        found[e.UNLINKABLE, team, queue] += n
    return _counted(found)


def _counted(found: Tallies) -> Tallies:
    return Counter({key: n for key, n in found.items() if n})
