"""How the board says things: codes of records in plain words, and figures as people read them."""

import re
from collections.abc import Mapping
from typing import Final

NOTHING: Final = "\N{EN DASH}"
"""What stands where there is no figure."""

_SAYS: Final[Mapping[str, str]] = {
    "resolve_now": "Solve it in this contact",
    "answer_now": "Answer before the customer gives up",
    "keep_promise": "Bring it to an end before the promise is broken",
    "remove_cause": "Find the cause and remove it",
    "repeat": "Repeat",
    "waiting": "Waiting",
    "promise": "Promise",
    "spike": "Spike",
    "open": "the problem was still open",
    "retry": "the last attempt was abandoned",
    "recontact": "the same problem was here before",
    "reason": "the reason exists only because something failed",
    "none": "no evidence",
    "acknowledged": "Acknowledged",
    "acted": "Acted",
    "dismissed": "Dismissed",
    "done acted": "acted on",
    "done dismissed": "dismissed",
    "done acknowledged": "only acknowledged",
    "done ignored": "ignored",
    "failure": "Failure demand",
    "value": "Value demand",
    "unclassified": "Unclassified demand",
    "link case": "Linked by its case",
    "link reason": "Linked by customer and reason",
    "link identity": "Linked by the customer alone",
    "link first": "The first contact of its problem",
    "link none": "Nothing to link it by",
    "by recontact": "The customer came back",
    "by reopened": "The case was reopened",
    "by denied": "The customer said that it was not solved",
    "by exited": "The customer left",
    "by confirmed": "The customer confirmed that it was solved",
}


_STEERING: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, and those that make what follows them read in another order."""


def plain(text: str) -> str:
    """Return a text in which characters that nobody sees are written as what they are, so that they do nothing."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def says(code: str) -> str:
    """Return what a code means; one that a newer writer uses says itself."""
    return _SAYS.get(code, code.replace("_", " "))


def percent(share: float | None, digits: int = 1) -> str:
    """Write a share."""
    return NOTHING if share is None else f"{100 * share:.{digits}f} %"


def number(count: float | None, digits: int = 0) -> str:
    """Write a count."""
    return NOTHING if count is None else f"{count:,.{digits}f}"


def seconds(duration: float | None) -> str:
    """Write a time that is measured in seconds."""
    return NOTHING if duration is None else f"{duration:,.0f} s"
