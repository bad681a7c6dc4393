"""What a contact counts, as entries that can be compared with those of what was known of it before.

By the local hour: ``arrived`` and ``failure`` where it arrives, ``caused`` (with the reason) where failure demand is
charged to, ``ended`` and what else the outputs say where it ended. By the hour of the epoch, as estimates want it:
cohorts of handled contacts, and among them of those that were claimed resolved, which fail only by coming back.
"""

from collections.abc import Iterator
from typing import Final

from streams.board.clock import WallClock
from streams.board.contacts import Contact
from streams.board.counts import Entry
from streams.board.records import Arrival, End
from streams.domain.cohort import AGE_BOUNDS, age_bucket
from streams.domain.ledger import hour_of

ARRIVED: Final = "arrived"
FAILURE: Final = "failure"
CAUSED: Final = "caused"
ENDED: Final = "ended"
HANDLED: Final = "handled"
IN_THRESHOLD: Final = "in_threshold"
CLAIMED: Final = "claimed"
HANDLE_TIME: Final = "handle_ms"
TIMED: Final = "timed"
"""Contacts whose handle time is known."""

ALL: Final = "all"
CLAIMS: Final = "claims"
"""Populations: every handled contact that can be linked; of those, the ones that were claimed resolved. Others are of
those that a lead was nudged about, named by what was done."""
COHORT: Final = "cohort_ended"
COHORT_FAILED: Final = "cohort_failed"
COHORT_FAILING: Final = "cohort_failing"
UNLINKABLE: Final = "cohort_unlinkable"

BY_LOCAL_HOUR: Final = frozenset({ARRIVED, FAILURE, CAUSED, ENDED, HANDLED, IN_THRESHOLD, CLAIMED, HANDLE_TIME, TIMED})
BY_HOUR: Final = frozenset({COHORT, COHORT_FAILED, COHORT_FAILING, UNLINKABLE})


def entries_of(contact: Contact, response: str | None, clock: WallClock) -> list[Entry]:
    """Return all that a contact counts, as far as it is known; ``response`` says what was done if it was nudged for."""
    entries: list[Entry] = []
    if contact.arrival is not None:
        entries += arrival_entries(contact.arrival, clock)
    end = contact.end
    if end is not None:
        entries += _output_entries(end, clock)
        if end.handled:
            entries += _cohort_entries(end, contact, response)
    return entries


def arrival_entries(arrival: Arrival, clock: WallClock) -> list[Entry]:
    """Return what an arrival counts."""
    hour, place, charged = clock.hour(arrival.at), arrival.place, arrival.charged
    entries: list[Entry] = [((ARRIVED, place.team, place.queue), hour, 1)]
    if charged.demand == "failure":
        entries += [
            ((FAILURE, place.team, place.queue), hour, 1),
            ((CAUSED, charged.origin.team, charged.origin.queue, arrival.reason), hour, 1),
        ]
    return entries


def _output_entries(end: End, clock: WallClock) -> Iterator[Entry]:
    hour, where = clock.hour(end.at), (end.place.team, end.place.queue)
    yield (ENDED, *where), hour, 1
    if end.in_threshold:
        yield (IN_THRESHOLD, *where), hour, 1
    if not end.handled:
        return
    yield (HANDLED, *where), hour, 1
    if end.claimed_resolved:
        yield (CLAIMED, *where), hour, 1
    if end.handle is not None:
        yield (TIMED, *where), hour, 1
        yield (HANDLE_TIME, *where), hour, end.handle


def _cohort_entries(end: End, contact: Contact, response: str | None) -> Iterator[Entry]:
    hour, where = hour_of(end.at), (end.place.team, end.place.queue)
    if not end.linkable:
        yield (UNLINKABLE, *where), hour, 1
        return
    populations = [(ALL, contact.failed_at)]
    if end.claimed_resolved:
        populations.append((CLAIMS, contact.recurred_at))
    if response is not None:
        populations.append((response, contact.failed_at))
    for population, failed in populations:
        yield (COHORT, *where, population), hour, 1
        if failed is not None and 0 < failed - end.at <= AGE_BOUNDS[-1]:
            bucket = str(age_bucket(failed - end.at))
            yield (COHORT_FAILED, *where, population, bucket), hour, 1
            yield (COHORT_FAILING, *where, population, bucket), hour_of(failed), 1
