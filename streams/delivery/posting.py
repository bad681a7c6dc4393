"""One try: a signed request, and what its answer means."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

import httpx

from streams.delivery.backoff import asked_to_wait
from streams.delivery.signing import signed
from streams.delivery.webhook import Webhook
from streams.domain.units import Millis

TIMEOUT_S: Final = 10.0
_MOST_READ: Final = 16 << 10
_MOST_QUOTED: Final = 200
_PORTS: Final = range(1, 1 << 16)
_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class Taken:
    """The target has it."""


@dataclass(frozen=True, slots=True)
class Later:
    """The target may take it later.

    Attributes:
        why: what it answered, if anything.
        wait: how long it asks us to wait, at least.
    """

    why: str
    wait: Millis = 0


@dataclass(frozen=True, slots=True)
class Never:
    """The target will never take it."""

    why: str


def check_address(url: str) -> None:
    """Make sure that something can be posted to an address, whether or not anybody is there.

    Raises:
        ValueError: nothing can. It is not quoted, since addresses may hold secrets.
    """
    try:
        address = httpx.URL(url)
        address.host.encode()  # decodes a name that is written with xn--
        address.raw_host.decode("ascii").encode("idna")  # as looking the name up does: no part may be empty or too long
        is_right = address.port is None or address.port in _PORTS
    except (httpx.InvalidURL, UnicodeError):
        is_right = False
    if not is_right:
        msg = "is not an address that can be posted to; look for a mistake in the name of the host, or in the port"
        raise ValueError(msg)


class Poster:
    """Posts to one target over connections of its own."""

    def __init__(self, webhook: Webhook, timeout_s: float = TIMEOUT_S) -> None:
        self._webhook = webhook
        self._timeout_s = timeout_s
        # No limits of its own, which would be for each part: a target that answers a byte at a time meets them all.
        self._client = httpx.AsyncClient(timeout=None, follow_redirects=False)  # noqa: S113 - the whole has one

    async def __aenter__(self) -> Self:
        """Open connections when they are needed, until the block ends."""
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them."""
        await self._client.__aexit__(kind, error, trace)

    async def post(self, message_id: str, body: bytes, at: Millis) -> Taken | Later | Never:
        """Send a message at a time; return what became of it."""
        headers = {
            "content-type": "application/json",
            "accept-encoding": "identity",
            "user-agent": "outcome-monitor",
            **signed(message_id, at, body, self._webhook.key),
        }
        try:
            async with asyncio.timeout(self._timeout_s):
                async with self._client.stream("POST", self._webhook.url, content=body, headers=headers) as response:
                    said = await _some_of(response)
        except TimeoutError:
            return Later(f"no answer within {self._timeout_s:g} s")
        except httpx.TransportError as error:
            return Later(f"{type(error).__name__}: {error}")
        return _meaning(response, said, at)


async def _some_of(response: httpx.Response) -> bytes:
    """Read an answer, so that the connection can be used again; no more than it should have."""
    said = b""
    async for part in response.aiter_raw():
        said += part
        if len(said) > _MOST_READ:
            break
    return said


def _meaning(response: httpx.Response, said: bytes, at: Millis) -> Taken | Later | Never:
    status = response.status_code
    if response.is_success:
        return Taken()
    why = f"answered {status}"
    if response.is_redirect:
        return Never(f"{why}, which leads elsewhere: set the address that it leads to")
    if said:
        why += f": {said[:_MOST_QUOTED].decode(errors='replace')!r}"
    if response.is_client_error and status not in _PASSING:
        return Never(why)
    return Later(why, asked_to_wait(response.headers.get("retry-after"), at))
