"""What really became of each problem, which no monitor can see: one record for each contact, and summaries of them."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal, NamedTuple, TypeAlias

from streams.domain.events import DemandClass
from streams.domain.units import Millis
from streams.sources.simulator.plan import Plan

Why: TypeAlias = Literal["new", "unsolved", "abandoned"]
"""Why the customer came: a new problem, or because the contact before was handled in vain, or given up in the queue."""

Next: TypeAlias = Literal["nothing", "returns", "exits", "gives_up"]
"""What the customer does next about the problem. An exit, and giving up, is silent: nobody is told of the problem."""


@dataclass(frozen=True, slots=True)
class TruthRecord:
    """The truth about one contact.

    ``queue`` and ``team`` are where it was offered, ``ended_queue`` and ``ended_team`` where it ended. ``customer_id``
    is given even where the log never says it, and so is ``reason``. ``failure_rate`` is the probability of a return
    that was in force for it when it ended, ``next_at`` when the return or exit happens, ``caused_by`` the contact
    whose failure brought the customer here. An abandoned contact has ``handled`` false and did not fail in the sense
    of the failure rate, though its customer may return.
    """

    contact_id: str
    customer_id: str
    queue: str
    team: str
    channel: str
    reason: str
    offered_at: Millis
    ended_at: Millis
    ended_queue: str
    ended_team: str
    handled: bool
    demand: DemandClass
    why: Why
    attempt: int
    caused_by: str | None
    solved: bool
    failure_rate: float
    next: Next
    next_at: Millis | None

    @property
    def failed(self) -> bool:
        """Whether it was handled and its customer returns all the same."""
        return self.handled and self.next == "returns"


class KnownRate(NamedTuple):
    """The failure rate that a plan puts in force in a queue for a reason, from ``since`` (``None``: ever) on."""

    queue: str
    reason: str
    since: Millis | None
    failure_rate: float


class FailureShare(NamedTuple):
    """How many handled contacts failed, of how many, and how many were expected to."""

    contacts: int = 0
    failed: int = 0
    expected: float = 0.0

    @property
    def realised_rate(self) -> float:
        """The share that failed; nan where there was no contact."""
        return self.failed / self.contacts if self.contacts else float("nan")

    @property
    def true_rate(self) -> float:
        """The mean of the rates in force; nan where there was no contact."""
        return self.expected / self.contacts if self.contacts else float("nan")


def as_truth_json(record: TruthRecord) -> bytes:
    """Return a record as one line of a truth file, without the line's end."""
    return json.dumps(asdict(record), separators=(",", ":")).encode()


def true_failure_rate(
    records: Iterable[TruthRecord],
    *,
    queue: str | None = None,
    reason: str | None = None,
    since: Millis | None = None,
    before: Millis | None = None,
) -> FailureShare:
    """Return the failures among the handled contacts that ended in a queue, about a reason, in ``[since, before)``."""
    contacts = failed = 0
    expected = 0.0
    for record in records:
        if (
            record.handled
            and queue in (None, record.ended_queue)
            and reason in (None, record.reason)
            and (since is None or since <= record.ended_at)
            and (before is None or record.ended_at < before)
        ):
            contacts += 1
            failed += record.failed
            expected += record.failure_rate
    return FailureShare(contacts, failed, expected)


def failure_by_queue_and_reason(records: Iterable[TruthRecord]) -> dict[tuple[str, str], FailureShare]:
    """Return the failures of handled contacts by the queue in which they ended and their reason."""
    contacts: Counter[tuple[str, str]] = Counter()
    failed: Counter[tuple[str, str]] = Counter()
    expected: dict[tuple[str, str], float] = {}
    for record in records:
        if record.handled:
            key = (record.ended_queue, record.reason)
            contacts[key] += 1
            failed[key] += record.failed
            expected[key] = expected.get(key, 0.0) + record.failure_rate
    return {key: FailureShare(contacts[key], failed[key], expected[key]) for key in sorted(contacts)}


def known_rates(plan: Plan) -> Iterator[KnownRate]:
    """Return the failure rates of a plan by queue, reason and time, in that order; one for each change."""
    for queue in plan.queues:
        for reason, entry in queue.reasons.items():
            now = entry.failure_rate
            yield KnownRate(queue.name, reason, None, now)
            edges = {edge for i in plan.incidents for edge in (i.start, i.end) if edge is not None}
            for edge in sorted(edges):
                rate = plan.failure_rate(queue, reason, edge)
                if rate != now:
                    now = rate
                    yield KnownRate(queue.name, reason, edge, rate)
