"""What team leads were asked to do, and the answers: how often they act, how soon, and how the contacts then end."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from streams.board.clock import WallClock
from streams.board.contacts import Whose
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
    """What was asked under one nudge id; ``at`` and ``place`` are ``None`` while only an answer to it was read.

    ``left`` says until when what was asked of a contact does not hold, since it turned out to be another customer's.
    """

    at: Millis | None = None
    place: Place | None = None
    contacts: list[Whose] = field(default_factory=list)
    left: dict[Whose, Millis] = field(default_factory=dict)
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
        self._about: dict[Whose, list[str]] = {}
        self._trimmed: Millis = 0

    def open(self, nudge_id: str) -> Asked:
        """Return what is known of a nudge, which is remembered from now on."""
        return self._known.setdefault(nudge_id, Asked())

    def join(self, nudge_id: str, whose: Whose) -> None:
        """Note that a nudge is about a contact; it may be about several."""
        about = self._about.setdefault(whose, [])
        if nudge_id not in about:
            about.append(nudge_id)
            self.open(nudge_id).contacts.append(whose)

    def leave(self, nudge_id: str, whose: Whose, at: Millis) -> None:
        """Note that what was asked of a contact by a time does not hold; without any, nothing was asked."""
        one = self.open(nudge_id)
        one.left[whose] = at
        if whose in one.contacts:
            one.contacts.remove(whose)
            self._forget(nudge_id, whose)
        if not one.contacts:
            one.at, one.place, one.response, one.responded_at = None, None, RESPONSES[0], at

    def has_left(self, nudge_id: str, whose: Whose, at: Millis) -> bool:
        """Say whether what was asked of a contact at a time does not hold any more."""
        one = self._known.get(nudge_id)
        return one is not None and at <= one.left.get(whose, at - 1)

    def response_of(self, whose: Whose) -> str | None:
        """Return what was done about a contact, by the strongest answer; ``None`` if nobody was nudged about it."""
        answers = (self._known[nudge_id].response for nudge_id in self._about.get(whose, ()))
        return max(answers, key=RESPONSES.index, default=None)

    def trim(self, newest: Millis) -> None:
        """Forget, once a day, what was asked too long ago to matter."""
        if newest < self._trimmed + DAY:
            return
        self._trimmed = newest
        for nudge_id, one in list(self._known.items()):
            if max(one.at or 0, one.responded_at) < newest - self._kept:
                del self._known[nudge_id]
                for whose in one.contacts:
                    self._forget(nudge_id, whose)

    def _forget(self, nudge_id: str, whose: Whose) -> None:
        self._about[whose].remove(nudge_id)
        if not self._about[whose]:
            del self._about[whose]
