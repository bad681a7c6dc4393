"""What a request that was let in carries with it, for the pages of the board."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from streams.board.access.port import Identity, Visit
from streams.board.viewer import Viewer

SCOPE: Final = "outcome-monitor.passage"


@dataclass(frozen=True, slots=True)
class Passage:
    """Where a request comes from; and once that is known, who sends it, the form it brings, and tokens for new ones."""

    visit: Visit
    identity: Identity | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    issue: Callable[[str], str] | None = None


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


def viewer_of(request: Request) -> Viewer:
    """Return who sends a request.

    Raises:
        LookupError: nobody has been identified.
    """
    identity = passage_of(request).identity
    if identity is None:
        msg = "nobody has been identified"
        raise LookupError(msg)
    return identity.viewer


def form_of(request: Request) -> Mapping[str, str]:
    """Return the fields of the form that a request brings."""
    return passage_of(request).form


def form_token(request: Request) -> str:
    """Return a new token for a form on the page that answers a request, to be sent as its field ``form_token``.

    Raises:
        LookupError: nobody has been identified.
    """
    passage = passage_of(request)
    if passage.identity is None or passage.issue is None:
        msg = "nobody has been identified"
        raise LookupError(msg)
    return passage.issue(passage.identity.key)
