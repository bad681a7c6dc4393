"""The fields of a form that was sent."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from streams.board.access.port import Refused

_MEDIA: Final = "application/x-www-form-urlencoded"
_MOST: Final = 50


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form by name; none where the body is something else.

    Raises:
        Refused: a field comes twice, there are too many, or it is not UTF-8.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _MEDIA:
        return {}
    try:
        body = (await request.body()).decode("ascii")
        fields = parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=_MOST)
    except ValueError as error:
        why = f"the form can't be read: {error}"
        raise _refused(why) from error
    if len(dict(fields)) < len(fields):
        why = "a field of the form comes twice"
        raise _refused(why)
    return dict(fields)


def _refused(why: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, why, "The form could not be read: nothing was done. Load the page again.")
