"""The comparison: what the output measures say beside what became of the customers, from the ledger alone."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from streams.domain import measures as m
from streams.domain.ledger import Entry, Labels
from streams.domain.policy import Policy

Report: TypeAlias = dict[str, Any]

_PROMOTER, _DETRACTOR = 9, 6
"""Net promoter score: the share of answers from the one up, less the share from the other down (Reichheld 2003)."""

ENOUGH = 30
"""How many contacts must have matured for a queue's divergence to be ranked: below, chance has the first word."""


class Totals:
    """Net totals by measure, which can be narrowed to some labels and added up."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._rows: dict[str, list[tuple[Labels, int]]] = {}
        for entry in entries:
            _, name, labels = entry.series
            self._rows.setdefault(name, []).append((labels, entry.net))

    def sum(self, name: str, where: Callable[[Labels], bool] | None = None) -> int:
        """Return the total of a measure over the series that fit."""
        return sum(n for labels, n in self._rows.get(name, ()) if where is None or where(labels))

    def by(self, name: str, *places: int) -> dict[Labels, int]:
        """Return the totals of a measure by the labels at some places."""
        totals: dict[Labels, int] = {}
        for labels, n in self._rows.get(name, ()):
            key = tuple(labels[place] for place in places)
            totals[key] = totals.get(key, 0) + n
        return totals

    def only(self, place: int, value: str) -> "Totals":
        """Return the totals of the series that have a value at a place (of those that have that place at all)."""
        narrowed = Totals(())
        narrowed._rows = {
            name: [(labels, n) for labels, n in rows if len(labels) > place and labels[place] == value]
            for name, rows in self._rows.items()
        }
        return narrowed


@dataclass(frozen=True, slots=True)
class QueueComparison:
    """One queue's outputs beside its outcomes in one window. Ratios are ``None`` where their denominator is zero."""

    queue: str
    handled: int
    service_level: float | None
    sla_met: float | None
    average_handle_s: float | None
    abandonment: float | None
    claimed_resolved: float | None
    matured: int
    failed: float | None
    failure_demand: float | None
    coverage: float | None

    @property
    def looks(self) -> float | None:
        """The share that the outputs call good: claimed resolved, else within the SLA, else answered in time."""
        for said in (self.claimed_resolved, self.sla_met, self.service_level):
            if said:
                return said
        return None

    @property
    def divergence(self) -> float | None:
        """How much better the outputs look than the outcomes are; ``None`` where either is unknown."""
        if self.looks is None or self.failed is None:
            return None
        return self.looks - (1 - self.failed)


def report(entries: Iterable[Entry], policy: Policy) -> Report:
    """Return the whole comparison as plain data: counts for all, and the queues with the worst divergence first."""
    totals = Totals(entries)
    middle = policy.windows[len(policy.windows) // 2].name
    abandoned = totals.sum(m.ABANDONED) + totals.sum(m.SHORT_ABANDONED)
    handled = totals.sum(m.HANDLED)
    return {
        "events": totals.sum(m.EVENTS),
        "contacts": {
            "offered": totals.sum(m.OFFERED),
            "handled": handled,
            "abandoned": abandoned,
            "ended": handled + abandoned,
            "unlinkable": totals.sum(m.UNLINKABLE),
            "outbound": totals.sum(m.OUTBOUND),
        },
        "demand": _demand(totals),
        "windows": {window.name: _windows(totals, window.name) for window in policy.windows},
        "legacy": legacy(totals),
        "claims": _claims(totals),
        "queues": [_plain(queue) for queue in compare(totals, middle)],
        "dead_letters": totals.sum(m.DEAD_LETTERS),
        "duplicates": totals.sum(m.DUPLICATES),
        "late": totals.sum(m.LATE),
    }


def compare(totals: Totals, window: str) -> list[QueueComparison]:
    """Return each queue's comparison in a window, worst divergence first; queues too small to rank come last."""
    names = {queue for (queue,) in totals.by(m.OFFERED, 0)} | {queue for (queue,) in totals.by(m.ENDED, 0)}
    claiming = totals.sum(m.CLAIMED_RESOLVED) > 0  # by any queue: then none in one means 0
    rows = [_compare(queue, totals.only(0, queue), window, claiming=claiming) for queue in names]

    def rank(row: QueueComparison) -> tuple[bool, float, str]:
        known = row.divergence is not None and row.matured >= ENOUGH
        return (not known, -(row.divergence or 0) if known else -row.handled, row.queue)

    return sorted(rows, key=rank)


def legacy(totals: Totals) -> Report:
    """Return the seven measures that the industry runs on, and what they are made of.

    ``claimed_resolved`` is ``None`` where nothing was: a log whose every claim is "no" can't be told from one without.
    """
    answered, in_threshold = totals.sum(m.ANSWERED), totals.sum(m.ANSWERED_IN_THRESHOLD)
    short = totals.sum(m.SHORT_ABANDONED)
    abandoned = totals.sum(m.ABANDONED) + short
    abandoned_in_threshold = totals.sum(m.ABANDONED_IN_THRESHOLD)
    handled, claimed = totals.sum(m.HANDLED), totals.sum(m.CLAIMED_RESOLVED)
    handle_count, waits = totals.sum(m.HANDLE_TIME.name), totals.sum(m.QUEUE_TIME.name)
    handling = totals.sum(m.AGENT_TIME, lambda labels: labels[1] == "handling")
    available = totals.sum(m.AGENT_TIME, lambda labels: labels[1] == "available")
    joined, left = totals.sum(m.STAFF_JOINED), totals.sum(m.STAFF_LEFT)
    csat, nps = totals.by(m.CSAT, 3), totals.by(m.NPS, 3)
    return {
        "service_level": {
            "answered_in_threshold/(answered+abandoned)": _ratio(in_threshold, answered + abandoned),
            "answered_in_threshold/answered": _ratio(in_threshold, answered),
            "(answered_in_threshold+abandoned_in_threshold)/(answered+abandoned)": _ratio(
                in_threshold + abandoned_in_threshold, answered + abandoned
            ),
            "answered_in_threshold/(answered+abandoned_after_threshold)": _ratio(
                in_threshold, answered + abandoned - abandoned_in_threshold
            ),
        },
        "average_handle_s": _ratio(totals.sum(m.HANDLE_TIME.sum_name), 1000 * handle_count),
        "average_queue_s": _ratio(totals.sum(m.QUEUE_TIME.sum_name), 1000 * waits),
        "abandonment": _ratio(abandoned - short, answered + abandoned - short),
        "claimed_resolved": _ratio(claimed, handled) if claimed else None,
        "occupancy": _ratio(handling, handling + available),
        "staff": {"joined": joined, "left": left},
        "answered": answered,
        "short_abandoned": short,
        "transfers": totals.sum(m.TRANSFERS),
        "transferred": _ratio(totals.sum(m.TRANSFERRED), handled),
        "sla_met": _ratio(totals.sum(m.SLA_MET), totals.sum(m.SLA_MET) + totals.sum(m.SLA_MISSED)),
        "csat": _ratio(sum(n for (score,), n in csat.items() if score in "45"), sum(csat.values())),
        "nps": _nps(nps),
        "survey_response": _ratio(totals.sum(m.SURVEYS), handled),
    }


def _windows(totals: Totals, window: str) -> Report:
    """Return what became of the handled contacts in a window, and apart from them of the abandoned ones."""
    return {**_window(totals, window, "true"), "abandoned": _window(totals, window, "false")}


def _window(totals: Totals, window: str, handled: str) -> Report:
    by = totals.by(m.RECURRENCES, 3, 4, 5)
    matured = totals.by(m.MATURED, 4, 5, 6)
    ended = totals.by(m.ENDED, 4).get((handled,), 0)
    recurred = totals.by(m.RECURRED, 4, 5).get((handled, window), 0)
    exited = totals.by(m.EXITED, 4, 5).get((handled, window), 0)
    confirmed, resolved = (matured.get((handled, window, verdict), 0) for verdict in ("confirmed", "resolved"))
    return {
        "ended": ended,
        "recurred": recurred,
        "by": {how: by.get((handled, window, how), 0) for how in ("recontact", "reopened", "denied")},
        "exited": exited,
        "confirmed": confirmed,
        "resolved": resolved,
        "pending": ended - recurred - exited - confirmed - resolved,
    }


def _demand(totals: Totals) -> Report:
    by = totals.by(m.DEMAND, 4, 5)
    return {
        "value": by.get(("value", "none"), 0),
        "unclassified": by.get(("unclassified", "none"), 0),
        "failure": {
            evidence: by.get(("failure", evidence), 0) for evidence in ("open", "retry", "recontact", "reason")
        },
    }


def _claims(totals: Totals) -> Report:
    """Return, by window and by what the outputs claim of a contact, how many of those contacts failed."""
    claims: Report = {}
    for (window, claim, verdict), n in sorted(totals.by(m.CLAIMS, 3, 4, 5).items()):
        row = claims.setdefault(window, {}).setdefault(claim, {"matured": 0, "failed": 0})
        row["matured"] += n
        row["failed"] += n if verdict in ("recurred", "exited") else 0
    for rows in claims.values():
        for row in rows.values():
            row["failed_ratio"] = _ratio(row["failed"], row["matured"])
    return claims


def _compare(queue: str, totals: Totals, window: str, *, claiming: bool) -> QueueComparison:
    said = legacy(totals)
    matured = {
        verdict: n
        for (handled, in_window, verdict), n in totals.by(m.MATURED, 4, 5, 6).items()
        if in_window == window and handled == "true"
    }
    ripe = sum(matured.values())
    demand = totals.by(m.DEMAND, 4)
    ended = totals.by(m.ENDED, 4).get(("true",), 0)
    unlinkable = totals.by(m.UNLINKABLE, 3).get(("true",), 0)
    return QueueComparison(
        queue,
        totals.sum(m.HANDLED),
        said["service_level"]["answered_in_threshold/(answered+abandoned)"],
        said["sla_met"],
        said["average_handle_s"],
        said["abandonment"],
        _ratio(totals.sum(m.CLAIMED_RESOLVED), totals.sum(m.HANDLED)) if claiming else None,
        ripe,
        _ratio(matured.get("recurred", 0) + matured.get("exited", 0), ripe),
        _ratio(demand.get(("failure",), 0), sum(demand.values())),
        _ratio(ended, ended + unlinkable),
    )


def _plain(row: QueueComparison) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in (*row.__dataclass_fields__, "divergence")}


def _nps(scores: Mapping[Labels, int]) -> float | None:
    promoters = sum(n for (score,), n in scores.items() if int(score) >= _PROMOTER)
    detractors = sum(n for (score,), n in scores.items() if int(score) <= _DETRACTOR)
    return _ratio(promoters - detractors, sum(scores.values()))


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 6) if whole else None
