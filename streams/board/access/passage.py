"""What a request carries with it past the entrance, for the pages of the board and for the audit log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from starlette.requests import Request

from streams.board.access.port import Identity, Visit

SCOPE: Final = "outcome-monitor.passage"


class Subject(NamedTuple):
    """What a request is about, for the audit log.

    Attributes:
        what: the kind of page, or of action.
        id: of the nudge or contact that it is about, if it is about one; the log has only its keyed hash.
        place: the team and queue, as they are; they say nothing of a customer.
    """

    what: str
    id: str | None = None
    place: str | None = None


UNKNOWN: Final = Subject("request")


@dataclass(slots=True)
class Passage:
    """Where a request comes from; and once that is known, who sends it, the form it brings, and what it is about.

    Attributes:
        issue: gives out the token of a new form for a key.
        why: set by the board where it refuses what was asked for: the reason, for the audit log.
    """

    visit: Visit
    identity: Identity | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    subject: Subject = UNKNOWN
    issue: Callable[[str], str] | None = None
    why: str | None = None


def passage_of(request: Request) -> Passage:
    """Return what was noted of a request at the entrance.

    Raises:
        LookupError: it did not come through one.
    """
    passage: Passage | None = request.scope.get(SCOPE)
    if passage is None:
        msg = "the application is not behind an entrance, so nobody may see it"
        raise LookupError(msg)
    return passage


def visit_of(request: Request) -> Visit:
    """Return where a request comes from."""
    return passage_of(request).visit


def identity_of(request: Request) -> Identity:
    """Return who sends a request.

    Raises:
        LookupError: nobody has been identified.
    """
    identity = passage_of(request).identity
    if identity is None:
        msg = "nobody has been identified"
        raise LookupError(msg)
    return identity


def form_of(request: Request) -> Mapping[str, str]:
    """Return the fields of the form that a request brings."""
    return passage_of(request).form


def form_token(request: Request) -> str:
    """Return a new token for a form on the page that answers a request, to be sent as its field ``form_token``.

    Raises:
        LookupError: nobody has been identified.
    """
    identity, issue = identity_of(request), passage_of(request).issue
    if issue is None:
        msg = "it was not let in"
        raise LookupError(msg)
    return issue(identity.key)
