"""What team leads were asked to do, and the answers: how often they act, how soon, and how the contacts then end."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from streams.board.clock import WallClock
from streams.board.counts import Entry
from streams.board.records import Place
from streams.domain.units import DAY, Millis

ASKED: Final = "asked"
ACTED: Final = "acted"
ACTION_TIME: Final = "action_ms"
BY_LOCAL_HOUR: Final = frozenset({ASKED, ACTED, ACTION_TIME})

RESPONSES: Final = ("ignored", "acknowledged", "dismissed", "acted")
"""What can become of a nudge, the strongest last: of several answers that one holds."""


@dataclass(slots=True)
class Asked:
    """What was asked under one nudge id; ``at`` and ``place`` are ``None`` while only an answer to it was read."""

    at: Millis | None = None
    place: Place | None = None
    contacts: list[str] = field(default_factory=list)
    response: str = RESPONSES[0]
    responded_at: Millis = 0

    def answer(self, action: str, at: Millis) -> None:
        """Take an answer; a weaker one than there was before changes nothing."""
        if action in RESPONSES and RESPONSES.index(action) > RESPONSES.index(self.response):
            self.response, self.responded_at = action, at

    def entries(self, clock: WallClock) -> list[Entry]:
        """Return what it counts, in the local hour in which it was asked."""
        return [] if self.at is None or self.place is None else list(self._entries(self.at, self.place, clock))

    def _entries(self, at: Millis, place: Place, clock: WallClock) -> Iterator[Entry]:
        hour, where = clock.hour(at), (place.team, place.queue)
        yield (ASKED, *where), hour, 1
        if self.response == "acted":
            yield (ACTED, *where), hour, 1
            yield (ACTION_TIME, *where), hour, max(self.responded_at - at, 0)


class AskedOf:
    """What was asked, by nudge id and by contact, remembered for ``kept``: an answer may come late."""

    def __init__(self, kept: Millis) -> None:
        self._kept = kept
        self._known: dict[str, Asked] = {}
        self._about: dict[str, list[str]] = {}
        self._trimmed: Millis = 0

    def open(self, nudge_id: str) -> Asked:
        """Return what is known of a nudge, which is remembered from now on."""
        return self._known.setdefault(nudge_id, Asked())

    def join(self, nudge_id: str, contact_id: str) -> None:
        """Note that a nudge is about a contact; it may be about several."""
        about = self._about.setdefault(contact_id, [])
        if nudge_id not in about:
            about.append(nudge_id)
            self.open(nudge_id).contacts.append(contact_id)

    def response_of(self, contact_id: str) -> str | None:
        """Return what was done about a contact, by the strongest answer; ``None`` if nobody was nudged about it."""
        answers = (self._known[nudge_id].response for nudge_id in self._about.get(contact_id, ()))
        return max(answers, key=RESPONSES.index, default=None)

    def trim(self, newest: Millis) -> None:
        """Forget, once a day, what was asked too long ago to matter."""
        if newest < self._trimmed + DAY:
            return
        self._trimmed = newest
        for nudge_id, one in list(self._known.items()):
            if max(one.at or 0, one.responded_at) < newest - self._kept:
                del self._known[nudge_id]
                for contact_id in one.contacts:
                    self._about[contact_id].remove(nudge_id)
                    if not self._about[contact_id]:
                        del self._about[contact_id]
