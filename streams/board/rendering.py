"""Turns views into HTML: whole pages, and the fragments of them that change while somebody looks."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from streams.board import words
from streams.board.masks import Masks
from streams.board.model import Model
from streams.board.problem import find_problem
from streams.board.views import MOST_CAUSES, Screens, View, hours_and_minutes, is_stale
from streams.domain.units import Millis

_TEMPLATES: Final = Path(__file__).parent / "templates"
_FRAGMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "board": ("status", "nudges", "demand", "twins", "done", "helped"),
    "wallboard": ("status", "wall"),
    "problem": ("status", "problem"),
}
"""The parts of each kind of screen; each is an element whose id is its name."""
OF_NUDGES: Final = frozenset({"nudges", "done"})
"""Parts that somebody waits for while the customer is still there; they cost little."""


def environment() -> Environment:
    """Return what reads the templates: whatever they show is plain text, unless it was made by another template."""
    found = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        finalize=lambda shown: words.plain(shown) if type(shown) is str else shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.filters |= {
        "percent": words.percent,
        "number": words.number,
        "seconds": words.seconds,
        "span": hours_and_minutes,
        "says": words.says,
    }
    return found


@dataclass(slots=True)
class Renderer:
    """Renders views of a model.

    ``now`` is the wall clock, ``catches_up`` whether the log is still being read, ``unreadable`` how many records of it
    had to be left out.
    """

    model: Model
    masks: Masks
    now: Callable[[], Millis]
    catches_up: bool = True
    unreadable: int = 0
    _screens: Screens = field(init=False)
    _environment: Environment = field(init=False, default_factory=environment)

    def __post_init__(self) -> None:
        """Make what screens are made by."""
        self._screens = Screens(self.model)
        clock = self.model.clock
        lengths = {window.name: window.length for window in self.model.centre.windows}
        self._environment.globals |= {
            "time": lambda at: clock.show(at, "%H:%M"),
            "day": lambda at: clock.show(at, "%a %d %b"),
            "moment": lambda at: clock.show(at, "%a %d %b %H:%M"),
            "second": lambda at: clock.show(at, "%H:%M:%S"),
            "centre": self.model.centre,
            "by_length": lambda verdicts: sorted(verdicts.items(), key=lambda one: (lengths.get(one[0], inf), one[0])),
            "most_causes": MOST_CAUSES,
        }

    def fragments(self, view: View, among: Container[str] | None = None) -> Mapping[str, str]:
        """Return the parts of a screen, or those of them that are among some, by their names."""
        now, newest = self.now(), self.model.newest
        context = {
            "view": view,
            "now": max(now, newest or now),
            "newest": newest,
            "stale": newest is not None and is_stale(newest, now),
            "catches_up": self.catches_up,
            "unreadable": self.unreadable,
            "token": self.masks.token,
            "shown": self._shown(view),
        }
        if view.kind == "problem":
            context["problem"] = find_problem(self.model, view.problem or "", view.viewer)
        else:
            context["screen"] = self._screens.screen(view, now)
        names = [name for name in _FRAGMENTS[view.kind] if among is None or name in among]
        return {name: self._render(f"{name}.html", context) for name in names}

    def page(self, view: View, who: str, live: str, *, form_token: str, in_session: bool) -> str:
        """Return a whole page.

        Args:
            view: what is looked at.
            who: by whom.
            live: the address of its changes.
            form_token: what its forms must bring.
            in_session: whether there is anything to sign out of.
        """
        teams, queues = self._screens.places(view)
        context = {
            "view": view,
            "who": who,
            "live": live,
            "form_token": form_token,
            "in_session": in_session,
            "now": self.now(),
            "teams": teams,
            "queues": queues,
            "fragments": {name: Markup(part) for name, part in self.fragments(view).items()},  # noqa: S704 - rendered with escaping
        }
        return self._render(f"page_{view.kind}.html", context)

    def message(self, title: str, text: str) -> str:
        """Return a page that says only what went wrong."""
        return self._render("page_message.html", {"title": title, "text": text})

    def _shown(self, view: View) -> Callable[[str | None], str]:
        """Return how an id of a customer or a contact is shown in a view."""

        def shown(text: str | None) -> str:
            if text is None:
                return "unknown"
            return text if view.sees_customers else f"#{self.masks.short(text)}"

        return shown

    def _render(self, template: str, context: Mapping[str, object]) -> str:
        return self._environment.get_template(template).render(context)
