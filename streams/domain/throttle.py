"""How much a team is nudged: at most so often in each span of time, counted by shares of the customers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from zlib import crc32

from streams.domain.policy import Nudging
from streams.domain.units import Millis


class Part(NamedTuple):
    """What has a limit of its own: a team, a share of the customers, and the span that begins at a time."""

    team: str
    share: int
    since: Millis


class Sent(NamedTuple):
    """How many nudges a team was sent on behalf of a share, in the newest span in which it was sent any."""

    team: str
    share: int
    since: Millis
    nudges: int


@dataclass(slots=True)
class Throttle:
    """Counts what teams are sent. Its whole state is one count for each team and share."""

    nudging: Nudging
    _sent: dict[tuple[str, int], Sent] = field(default_factory=dict)

    def restore(self, sent: Iterable[Sent]) -> None:
        """Take back what was counted before a restart, by spans of whatever length."""
        self._sent = {(one.team, one.share): one for one in sent}

    def part_of(self, team: str, customer_id: str, at: Millis) -> Part:
        """Return what a nudge of a team on behalf of a customer is counted with."""
        return Part(team, crc32(customer_id.encode()) % self.nudging.shares, self._start_of(at))

    def admits(self, team: str, customer_id: str, at: Millis, ahead: int = 0) -> bool:
        """Say whether a team may be sent one more nudge on behalf of a customer, besides ``ahead`` not counted yet."""
        _, share, since = self.part_of(team, customer_id, at)
        known = self._sent.get((team, share))
        count = known.nudges if known is not None and known.since >= since else 0
        each, rest = divmod(self.nudging.limit, self.nudging.shares)
        return count + ahead < each + (share < rest)

    def count(self, team: str, customer_id: str, at: Millis) -> None:
        """Count a nudge. Times don't go back; what comes late counts as if it were of the newest span."""
        _, share, since = self.part_of(team, customer_id, at)
        known = self._sent.get((team, share))
        if known is None or known.since < since:
            known = Sent(team, share, since, 0)
        self._sent[team, share] = known._replace(nudges=known.nudges + 1)

    def snapshot(self) -> list[Sent]:
        """Return what must outlive a restart: counts of spans that have passed don't matter any more."""
        newest = max((one.since for one in self._sent.values()), default=0)
        return sorted(one for one in self._sent.values() if one.since >= self._start_of(newest))

    def _start_of(self, at: Millis) -> Millis:
        return at - at % self.nudging.span
