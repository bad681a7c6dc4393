"""Hours and days as clocks on the wall show them, numbered so that a week is always the same number of hours."""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from streams.domain.units import DAY, HOUR, MINUTE, SECOND, Millis

_STEP: Final = 15 * MINUTE
"""Offsets of time zones change at multiples of this."""


class WallClock:
    """Turns times into local hours and days.

    A local hour is counted from the epoch as if the zone had never had an offset: 24 of them make every day, 168 every
    week. Where clocks are put back, two hours have one number, and where they are put forward one is left out.
    """

    def __init__(self, zone: tzinfo = UTC) -> None:
        self.zone = zone
        self._offset = lru_cache(maxsize=4096)(self._offset_of)

    def local(self, at: Millis) -> Millis:
        """Return what clocks show, as milliseconds since they showed the epoch."""
        return at + self._offset(at // _STEP)

    def hour(self, at: Millis) -> int:
        """Return the local hour that a time lies in."""
        return self.local(at) // HOUR

    def day(self, at: Millis) -> int:
        """Return the local day that a time lies in."""
        return self.local(at) // DAY

    def begin_of_day(self, at: Millis) -> Millis:
        """Return when the local day began that a time lies in."""
        today = datetime.fromtimestamp(at / SECOND, self.zone).replace(
            hour=0, minute=0, second=0, microsecond=0, fold=0
        )
        return round(today.timestamp()) * SECOND

    def show(self, at: Millis, form: str) -> str:
        """Write a time as clocks show it; ``form`` as in :func:`time.strftime`."""
        return datetime.fromtimestamp(at / SECOND, self.zone).strftime(form)

    def _offset_of(self, step: int) -> Millis:
        offset = datetime.fromtimestamp(step * _STEP // SECOND, self.zone).utcoffset() or timedelta()
        return offset // timedelta(milliseconds=1)
