"""From what a provider, a proxy or a file says of somebody to what they may see. What is not known grants nothing."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final

from streams.board.access.config import Role
from streams.board.access.port import Refused
from streams.board.viewer import Viewer

_LONGEST: Final = 200
_BREAKING: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that make what follows them read in another order: names that would look like another's."""


def viewer_of(name: object, teams: object, roles: object, known: Mapping[str, Role]) -> Viewer:
    """Return what somebody may see and do: what any of their roles allows, in the teams that they are said to be in.

    Args:
        name: who it is, as claimed.
        teams: a list of texts, as claimed; anything else names none.
        roles: likewise.
        known: what each role allows.

    Raises:
        Refused: the name is none that could be shown and logged, or no role is known here.
    """
    name = _checked(name)
    held = [known[role] for role in _texts(roles) if role in known]
    if not held:
        why = f"none of the roles is known here: {_shown(roles)}"
        says = f"You are signed in as {name}, and none of your roles may see the board. Ask whoever runs it."
        raise Refused(HTTPStatus.FORBIDDEN, why, says, who=name)
    everywhere = any(role.all_teams for role in held)
    return Viewer(
        name,
        None if everywhere else frozenset(_texts(teams)),
        sees_customers=any(role.sees_customers for role in held),
        may_act=any(role.may_act for role in held),
    )


def _checked(name: object) -> str:
    fault = None
    if not isinstance(name, str) or not name.strip():
        fault = "there is no name"
    elif len(name) > _LONGEST:
        fault = f"the name has more than {_LONGEST} characters"
    elif _TURNING.search(name) or not _BREAKING.isdisjoint(map(unicodedata.category, name)):
        fault = "the name holds control characters"
    if fault is not None or not isinstance(name, str):
        says = "Your account has no name that could be shown here. Ask whoever runs the board."
        raise Refused(HTTPStatus.FORBIDDEN, f"{fault}: {_shown(name)}", says)
    return name


def _texts(claim: object) -> Iterable[str]:
    if isinstance(claim, str):
        return (claim,)  # a provider may say one as itself
    return [item for item in claim if isinstance(item, str)] if isinstance(claim, list | tuple) else ()


def _shown(claim: object) -> str:
    return repr(claim)[:_LONGEST]
