"""The time as deliveries go by it."""

from typing import Protocol

from streams.domain.units import Millis


class Clock(Protocol):
    """Time, and letting it pass."""

    def now(self) -> Millis:
        """Return the time."""

    async def sleep(self, duration: Millis) -> None:
        """Return after a while."""
