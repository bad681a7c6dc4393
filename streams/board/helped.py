"""Whether nudges are acted on, and whether acting helps: what leads learn of what they did.

It compares how contacts end that were acted on and that were ignored. That is no experiment: leads choose what they
act on.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias

from streams.board import asked
from streams.board.counts import Scope
from streams.board.model import Model
from streams.board.twins import cohort_table
from streams.domain.estimate import PERIODS, Difference, Estimate, difference, live, matured, pool
from streams.domain.ledger import hour_of
from streams.domain.units import SECOND, Millis

SPAN: Final = PERIODS[-1]
"""How far back it looks: nudged contacts are few, so it is four weeks."""
SHOWN: Final = asked.RESPONSES[::-1]
_MOST_KEPT: Final = 200


class Ended(NamedTuple):
    """How nudged contacts end: the share that fails within the window, by who comes back now and as it has matured."""

    live: Estimate | None
    matured: Estimate | None


class Helped(NamedTuple):
    """What became of the nudges of the last four weeks.

    Attributes:
        asked: how many were issued.
        acted: how many of them were acted on.
        delay_s: how long it took to act on them, on average, in seconds; ``None`` if none was.
        ended: how the contacts end, by what was done about them; what nothing can be said of yet is left out.
        effect: by how much more of those fail that were acted on than of those that were ignored, live; below 0 if
            acting helps.
    """

    asked: int
    acted: int
    delay_s: float | None
    ended: Mapping[str, Ended]
    effect: Difference | None

    @property
    def usage(self) -> float | None:
        """Insights usage: the share of the nudges that was acted on."""
        return self.acted / self.asked if self.asked else None


_Key: TypeAlias = tuple[int, ...]


class HelpedOf:
    """Says whether nudges helped; what it has made of a scope is kept until its counts change, or the hour does."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._kept: dict[Scope, tuple[_Key, Helped]] = {}

    def __call__(self, scope: Scope, as_of: Millis) -> Helped:
        """Return what became of the nudges of a scope."""
        counts = self._model.counts
        places = list(counts.places(scope))
        key = (hour_of(as_of), *(counts.revisions[where] for where in places))
        kept = self._kept.get(scope)
        if kept is None or kept[0] != key:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            kept = self._kept[scope] = (key, self._helped(scope, places, as_of))
        return kept[1]

    def _helped(self, scope: Scope, places: list[tuple[str, str]], as_of: Millis) -> Helped:
        since = self._model.clock.hour(as_of - SPAN)
        issued, acted, waited = (
            sum(n for _, hours in self._model.counts.of(name, scope) for hour, n in hours.items() if hour >= since)
            for name in (asked.ASKED, asked.ACTED, asked.ACTION_TIME)
        )
        window = self._model.centre.window.length
        ended: dict[str, Ended] = {}
        for response in SHOWN:
            table = pool(cohort_table(self._model.counts, where, response) for where in places)
            found = Ended(live(table, window, as_of, SPAN), matured(table, window, as_of, SPAN))
            if found.live is not None or found.matured is not None:
                ended[response] = found
        acting, leaving = (ended[done].live if done in ended else None for done in ("acted", "ignored"))
        effect = None if acting is None or leaving is None else difference(acting, leaving)
        return Helped(issued, acted, waited / SECOND / acted if acted else None, ended, effect)
