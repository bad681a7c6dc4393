"""What a browser makes of HTML: which elements with which attributes there are, and what text is in them."""

from collections import Counter
from html.parser import HTMLParser
from typing import Final

from typing_extensions import override

from streams.board.words import plain

HOSTILE: Final = (
    "<script>alert('x')</script><img src=x onerror=alert(1)>\"onload=\"'{{ 12345 * 2 }}&lt;&#60;\u202e\u2067"
)
"""A text that is more than text wherever something forgets to make sure that it is not."""
HARMLESS: Final = "nothing but text"


class Markup(HTMLParser):
    """Reads HTML. ``elements`` counts each kind with the names of its attributes; ``text`` is all that is shown."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: Counter[tuple[str, ...]] = Counter()
        self.text = ""
        self.feed(html)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag, *(name for name, _ in attrs)] += 1

    @override
    def handle_data(self, data: str) -> None:
        self.text += data


def check_same_markup(html: str, harmless: str) -> None:
    """Make sure that a page with hostile texts has nothing in it that the same page with harmless ones has not."""
    assert Markup(html).elements == Markup(harmless).elements
    assert "24690" not in html, "a template was read from a text"
    assert not {"\u202e", "\u2067"}.intersection(html), "a text turns what follows it"


def tells(html: str, text: str) -> bool:
    """Say whether a page shows a text, letter by letter."""
    return plain(text) in Markup(html).text
