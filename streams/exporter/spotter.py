"""Spotting spikes: what of the ledger's counts should be told as an event, so that somebody is nudged."""

from collections.abc import Mapping
from typing import Final

from streams.catalogue.monitor import WATERMARK
from streams.domain.events import DemandSpiked
from streams.domain.ledger import SLOT
from streams.domain.policy import QuietHours
from streams.domain.spikes import Detection, first_season
from streams.domain.units import HOUR, SECOND, Millis
from streams.exporter.reader import LedgerReader
from streams.exporter.spikes import spikes_of

_BEHIND: Final[Millis] = HOUR
"""A log that is further behind the clock is being caught up with, or is of long ago: nobody can act on its spikes."""


class Spotter:
    """Looks at a ledger whenever a slot of its time has passed. Whoever looks finds the same events, with the same ids.

    What was told already is told again after a restart: who takes the events knows them by their ids. In quiet hours
    nothing is told: what still lasts at their end is told then.
    """

    def __init__(self, ledger: LedgerReader, asked: Detection, source: str, quiet: QuietHours | None = None) -> None:
        self._ledger = ledger
        self._asked = asked
        self._source = source
        self._quiet = quiet
        self._looked_at = -1
        self._told: Mapping[str, DemandSpiked] = {}

    def look(self, now: Millis) -> list[DemandSpiked]:
        """Return the spikes that have begun since the last look, as told now; none while the log is far behind that."""
        watermark = self._ledger.health().get(WATERMARK)
        if watermark is None:
            return []
        as_of = round(watermark * SECOND)
        if as_of // SLOT == self._looked_at or as_of < now - _BEHIND:
            return []
        self._looked_at = as_of // SLOT
        told_at = max(now, as_of)
        if self._quiet is not None and told_at in self._quiet:
            return []
        entries = [*self._ledger.cohorts(first_season(as_of)), *self._ledger.slots()]
        found = {spike.event_id: spike for spike in spikes_of(entries, as_of, self._asked)}
        fresh = [spike for event_id, spike in found.items() if event_id not in self._told]
        self._told = found
        return [spike._replace(occurred_at=told_at, source=self._source) for spike in fresh]
