"""Tokens of forms: they show that an answer comes from a form of ours, shown to whoever sends it, and not sent yet."""

import hmac
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
_PARTS: Final = 3


class FormTokens:
    """Gives tokens out and takes each of them once. Those given out are not kept, those taken are until they expire."""

    def __init__(self, now: Callable[[], Millis]) -> None:
        self._now = now
        self._key = secrets.token_bytes(_KEY_BYTES)
        self._spent: dict[str, Millis] = {}

    def issue(self, key: str) -> str:
        """Return a token for whoever is known by a key."""
        nonce, expires_at = secrets.token_urlsafe(_NONCE_BYTES), self._now() + _LASTS
        return f"{nonce}.{expires_at}.{self._mac(key, nonce, str(expires_at))}"

    def spend(self, key: str, token: str) -> None:
        """Take a token from whoever is known by a key.

        Raises:
            Refused: it is not one of ours, was given to somebody else, has expired or was taken before.
        """
        now = self._now()
        nonce, expires_at, mac = token.split(".") if token.count(".") == _PARTS - 1 else ("", "", "")
        if not hmac.compare_digest(mac.encode(), self._mac(key, nonce, expires_at).encode()):
            why = "the form token is missing or not of this session"
            raise _refused(why)
        if int(expires_at) <= now:
            why = "the form token has expired"
            raise _refused(why)
        if nonce in self._spent:
            why = "the form token was used before"
            raise _refused(why)
        # They expire in the order in which they were given out, near enough: the few beyond that are found later.
        while self._spent and next(iter(self._spent.values())) <= now:
            del self._spent[next(iter(self._spent))]
        self._spent[nonce] = int(expires_at)

    def _mac(self, key: str, nonce: str, expires_at: str) -> str:
        said = f"{key}\n{nonce}\n{expires_at}".encode(errors="replace")
        return hmac.new(self._key, said, sha256).hexdigest()


def _refused(why: str) -> Refused:
    says = "This page is too old, or it was sent before: nothing was done. Load it again."
    return Refused(HTTPStatus.FORBIDDEN, why, says)
