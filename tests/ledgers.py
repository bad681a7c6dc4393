"""All that two ledgers must agree on."""

from streams.domain import measures as m
from streams.domain.ledger import SLOT, SLOTS_KEPT, Entry
from streams.domain.units import DAY
from streams.exporter.reader import LedgerReader

NUDGING = frozenset(
    (
        *(m.NUDGES, m.NUDGES_ANSWERED, m.NUDGE_DELAY.name, m.NUDGE_DELAY.sum_name),
        *(m.NUDGED, m.NUDGED_ENDED, m.NUDGED_FAILED, m.NUDGED_FAILING),
    )
)
"""What was told when it was known: events that come too late can't change it, nor how it was answered."""

_SLOTS = (SLOTS_KEPT - DAY) // SLOT


def rows(ledger: LedgerReader) -> list[Entry]:
    """Return its entries, but for slots that are about to be let go of: when exactly depends on how a log is cut."""
    slots = list(ledger.slots())
    newest = min((entry.series.hour for entry in slots), default=0)
    return [
        *ledger.totals(),
        *ledger.cohorts(1),
        *(entry for entry in slots if entry.series.hour < newest + _SLOTS),
    ]
