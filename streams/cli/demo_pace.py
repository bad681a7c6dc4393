"""How fast life goes by in the demo: as asked, and slowly enough to act while somebody looks at its board."""

from dataclasses import dataclass
from time import monotonic
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

WATCHED: Final = 30.0
"""Simulated seconds in a second, at most, while somebody looks: a nudge, good for half an hour, stays for a minute."""
_LINGERS_S: Final = 10.0
"""For so long after the last request somebody may still look: who goes from page to page does not leave."""


@dataclass(slots=True)
class Pace:
    """Says how fast time passes; ``speed`` is how fast it does while nobody looks. May be asked from any thread."""

    speed: float
    _under_way: int = 0
    _last_end: float | None = None

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks."""
        return self._under_way > 0 or (self._last_end is not None and monotonic() - self._last_end < _LINGERS_S)

    @property
    def now(self) -> float:
        """Simulated seconds in a second."""
        return min(self.speed, WATCHED) if self.is_watched else self.speed

    def watching(self, app: ASGIApp) -> ASGIApp:
        """Return an application whose requests say that somebody looks; a page that is kept up to date is one."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            self._under_way += 1
            try:
                await app(scope, receive, send)
            finally:
                self._last_end = monotonic()
                self._under_way -= 1

        return watched
