"""The body of a request that brings events: read within a limit, unpacked, and taken apart into records."""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Final, NamedTuple

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

LINES: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines"})
JSON: Final = frozenset({"application/json", "application/cloudevents+json", "application/cloudevents-batch+json"})
_UTF8: Final = frozenset({"", "utf-8", "utf8", "us-ascii"})


class Item(NamedTuple):
    """A record of a body, and what its sender calls its place: a line of the text, or an item of the array."""

    place: tuple[str, int]
    raw: bytes


class Problem(Exception):  # noqa: N818 - named by RFC 9457
    """Why a request is refused, as problem details (RFC 9457). Nothing of it was appended."""

    def __init__(self, status: HTTPStatus, name: str, detail: str, **more: object) -> None:
        """Keep what the response will say; ``more`` are members of its body beyond those of the RFC."""
        super().__init__(detail)
        self.status = status
        self.body = {
            "type": f"urn:outcome-monitor:problem:{name}",
            "title": status.phrase,
            "status": int(status),
            "detail": detail,
            "accepted": 0,
            **more,
        }

    def response(self, headers: Mapping[str, str]) -> Response:
        """Return the response that says so."""
        return JSONResponse(self.body, self.status, headers, "application/problem+json")


def check_media(request: Request) -> None:
    """Make sure that the body is of a kind that can be read.

    One that does not say what it is gets refused too: a page in a browser can send that to any address unasked.

    Raises:
        Problem: it is of another media type, charset or content coding.
    """
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() not in LINES | JSON:
        detail = (
            f"content-type {media_type!r} is not understood; send application/x-ndjson (one event a line),"
            " application/json (an event, or an array of them) or application/cloudevents+json"
        )
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media-type", detail)
    name, _, charset = parameters.strip().lower().partition("=")
    if name == "charset" and charset.strip('"') not in _UTF8:
        detail = f"charset {charset!r} is not understood; send UTF-8"
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "charset", detail)
    if _coding(request) not in ("", "identity", "gzip"):
        detail = f"content-encoding {_coding(request)!r} is not understood; send gzip or none"
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content-encoding", detail)


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body as it came; no more than the limit is ever held.

    Raises:
        Problem: it is larger than the limit, or was cut off.
    """
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large(limit)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise too_large(limit)
    except ClientDisconnect as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "cut-off", "the body was cut off; send all of it again") from error
    return bytes(body)


def unpack(request: Request, body: bytes, limit: int) -> bytes:
    """Return the text of a body; of one that is packed no more than the limit is ever unpacked.

    Raises:
        Problem: it is no gzip, or larger than the limit when unpacked.
    """
    if _coding(request) != "gzip":
        return body
    try:
        text = gzip.GzipFile(fileobj=BytesIO(body)).read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        detail = f"the body is no whole gzip stream ({error}); send it again, or without content-encoding"
        raise Problem(HTTPStatus.BAD_REQUEST, "gzip", detail) from error
    if len(text) > limit:
        raise too_large(limit)
    return text


def split(request: Request, text: bytes) -> Iterator[Item]:
    """Yield the records of a text: its lines, or what one JSON document holds. Blank lines are skipped."""
    document = _document(request, text)
    if isinstance(document, list):
        for number, item in enumerate(document, start=1):
            yield Item(("item", number), orjson.dumps(item))
    elif isinstance(document, dict):
        yield Item(("line", 1), text.strip())
    else:
        for number, line in enumerate(text.split(b"\n"), start=1):
            if line and not line.isspace():
                yield Item(("line", number), line.rstrip(b"\r"))


def too_large(limit: int) -> Problem:
    """Return the refusal of a body that is larger than a limit."""
    detail = f"the body has more than {limit} bytes (unpacked, where it is packed); send the events in several requests"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail, limit_bytes=limit)


def _coding(request: Request) -> str:
    return request.headers.get("content-encoding", "").strip().lower()


def _document(request: Request, text: bytes) -> object:
    """Return what a body says if it is one JSON document, ``None`` if it is lines (or nothing that could be read)."""
    media_type = request.headers["content-type"].partition(";")[0].strip().lower()
    if media_type in LINES:
        return None
    try:
        document: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return document
