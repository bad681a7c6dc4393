"""Tokens of forms: they show that an answer comes from a form of ours, shown to whoever sends it, and not sent yet."""

import hmac
import re
import secrets
from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from streams.board.access.port import Refused
from streams.domain.units import HOUR, Millis

FIELD: Final = "form_token"
HEADER: Final = "x-form-token"

_LASTS: Final[Millis] = 12 * HOUR
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 16
_TOKEN: Final = re.compile(r"[\w-]{20,100}\.([0-9]{1,16})\.([0-9a-f]{64})", re.ASCII)


class FormTokens:
    """Gives tokens out and takes each of them once. Those given out are not kept, those taken are until they expire.

    A token is a nonce, a time and what shows that both are meant for somebody. The nonce only tells one sending from
    another, so a page that sends many forms may put one of its own in its place for each.
    """

    def __init__(self, now: Callable[[], Millis]) -> None:
        self._now = now
        self._key = secrets.token_bytes(_KEY_BYTES)
        self._spent: dict[str, Millis] = {}

    def issue(self, key: str) -> str:
        """Return a token for whoever is known by a key."""
        nonce, expires_at = secrets.token_urlsafe(_NONCE_BYTES), self._now() + _LASTS
        return f"{nonce}.{expires_at}.{self._mac(key, str(expires_at))}"

    def spend(self, key: str, token: str) -> None:
        """Take a token from whoever is known by a key.

        Raises:
            Refused: it is not one of ours, was given to somebody else, has expired or was taken before.
        """
        now = self._now()
        parts = _TOKEN.fullmatch(token)
        if parts is None or not hmac.compare_digest(parts[2], self._mac(key, parts[1])):
            why = "the form token is missing or not of this session"
            raise _refused(why)
        expires_at = int(parts[1])
        if expires_at <= now:
            why = "the form token has expired"
            raise _refused(why)
        if token in self._spent:
            why = "the form token was used before"
            raise _refused(why)
        # They expire in the order in which they were given out, near enough: the few beyond that are found later.
        while self._spent and next(iter(self._spent.values())) <= now:
            del self._spent[next(iter(self._spent))]
        self._spent[token] = expires_at

    def _mac(self, key: str, expires_at: str) -> str:
        return hmac.new(self._key, f"{key}\n{expires_at}".encode(errors="replace"), sha256).hexdigest()


def _refused(why: str) -> Refused:
    says = "This page is too old, or its form was sent before: nothing was recorded. Load the page again."
    return Refused(HTTPStatus.FORBIDDEN, why, says)
