"""The HTTP gateway: takes events by request, and says so only once they are in the log."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from streams.contracts.decode import BadRecord, Reason, decode
from streams.domain.units import Millis
from streams.sources.http_body import Item, Problem, check_media, read_body, split, unpack

EVENTS_PATH: Final = "/v1/events"
MOST_SHOWN: Final = 20
"""How many bad lines a refusal names."""

_HEADERS: Final[Mapping[int, Mapping[str, str]]] = {
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "5"},
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: {"Accept-Encoding": "gzip", "Accept-Post": "application/x-ndjson"},
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: {"Connection": "close"},
}
_NOT_EVEN_JSON: Final = frozenset(
    {Reason.TOO_LARGE, Reason.NOT_UTF8, Reason.NOT_JSON, Reason.TOO_DEEP, Reason.NOT_AN_OBJECT}
)

Append: TypeAlias = Callable[[Sequence[bytes], Millis], int]
"""Puts records, received at a time, in the log; durable on return. Returns the offset after the last one."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Takes the events of a request whole or not at all.

    Attributes:
        append: puts records in the log; may block, so it is called off the event loop, from several threads.
        unavailable: what ``append`` raises where the log can't be written; its text is for whoever runs the monitor.
        now: the clock.
        max_body: the largest body in bytes, packed as well as unpacked.
        max_batch: the most events in one request.
    """

    append: Append
    unavailable: type[Exception]
    now: Callable[[], Millis]
    max_body: int = 5 * 2**20
    max_batch: int = 10_000

    def route(self) -> Route:
        """Return the route that takes events."""
        return Route(EVENTS_PATH, self._post, methods=["POST"])

    async def _post(self, request: Request) -> Response:
        try:
            check_media(request)
            body = await read_body(request, self.max_body)
            accepted = await run_in_threadpool(self._take, request, body)
        except Problem as problem:
            return problem.response(_HEADERS.get(problem.status, {}))
        return JSONResponse({"accepted": accepted}, HTTPStatus.ACCEPTED)

    def _take(self, request: Request, body: bytes) -> int:
        received_at = self.now()
        items = list(split(request, unpack(request, body, self.max_body)))
        if not items:
            raise Problem(HTTPStatus.BAD_REQUEST, "empty", "the body holds no events; send at least one")
        if len(items) > self.max_batch:
            detail = f"{len(items)} events are too many for one request; send at most {self.max_batch} at a time"
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-many", detail, limit_events=self.max_batch)
        _check(items, received_at)
        try:
            self.append([item.raw for item in items], received_at)
        except self.unavailable as error:
            detail = f"the log can't be written, so nothing was appended; send it again later ({error})"
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "log-unavailable", detail) from error
        return len(items)


def _check(items: Sequence[Item], received_at: Millis) -> None:
    """Make sure that every record is an event.

    Raises:
        Problem: some are not; it names the first of them.
    """
    bad: list[tuple[Item, BadRecord]] = []
    for item in items:
        try:
            decode(item.raw, received_at)
        except BadRecord as error:
            bad.append((item, error))
    if not bad:
        return
    unreadable = any(error.reason in _NOT_EVEN_JSON for _, error in bad)
    raise Problem(
        HTTPStatus.BAD_REQUEST if unreadable else HTTPStatus.UNPROCESSABLE_ENTITY,
        "bad-events",
        f"{len(bad)} of {len(items)} events are bad, so nothing was appended, the good ones neither;"
        " mend or leave out the bad ones and send all of it again",
        bad=len(bad),
        errors=[_tell(item, error) for item, error in bad[:MOST_SHOWN]],
    )


def _tell(item: Item, error: BadRecord) -> Mapping[str, object]:
    unit, number = item.place
    return {unit: number, "reason": error.reason, "detail": error.detail}
