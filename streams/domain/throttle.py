"""How much a team is nudged: at most so often in each span of time, counted by shares of the customers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from zlib import crc32

from streams.domain.policy import Nudging
from streams.domain.units import Millis


class Sent(NamedTuple):
    """How many nudges a team was sent in the newest span in which it was sent any, on behalf of a share."""

    team: str
    share: int
    span: int
    nudges: int


@dataclass(slots=True)
class Throttle:
    """Counts what teams are sent. Its whole state is one count for each team and share."""

    nudging: Nudging
    _sent: dict[tuple[str, int], Sent] = field(default_factory=dict)

    def restore(self, sent: Iterable[Sent]) -> None:
        """Take back what was counted before a restart."""
        self._sent = {(one.team, one.share): one for one in sent}

    def admits(self, team: str, customer_id: str, at: Millis, ahead: int = 0) -> bool:
        """Say whether a team may be sent one more nudge on behalf of a customer, besides ``ahead`` not counted yet."""
        span, share = at // self.nudging.span, self._share_of(customer_id)
        known = self._sent.get((team, share))
        count = known.nudges if known is not None and known.span >= span else 0
        return count + ahead < -(-self.nudging.limit // self.nudging.shares)

    def count(self, team: str, customer_id: str, at: Millis) -> None:
        """Count a nudge. Times don't go back; what comes late counts as if it were of the newest span."""
        span, share = at // self.nudging.span, self._share_of(customer_id)
        known = self._sent.get((team, share))
        if known is None or known.span < span:
            known = Sent(team, share, span, 0)
        self._sent[team, share] = known._replace(nudges=known.nudges + 1)

    def snapshot(self) -> list[Sent]:
        """Return what must outlive a restart: counts of spans that have passed don't matter any more."""
        newest = max((one.span for one in self._sent.values()), default=0)
        return sorted(one for one in self._sent.values() if one.span == newest)

    def _share_of(self, customer_id: str) -> int:
        return crc32(customer_id.encode()) % self.nudging.shares
