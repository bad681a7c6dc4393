"""Keyed hashes that stand for ids: nobody without the key can tell the id, or whether two boards mean the same."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass

_TOKEN_BYTES = 15
_SHORT = 8


@dataclass(frozen=True, slots=True)
class Masks:
    """Masks ids with a key; with another key they are other ones."""

    key: bytes

    def token(self, text: str) -> str:
        """Return what stands for an id in a URL or a form: long enough that it can't be guessed."""
        digest = hmac.digest(self.key, text.encode("utf-8", "surrogatepass"), "sha256")
        return urlsafe_b64encode(digest[:_TOKEN_BYTES]).decode()

    def short(self, text: str) -> str:
        """Return what is shown in the place of an id to whoever may not see it: enough to tell two customers apart."""
        return hmac.digest(self.key, b"shown:" + text.encode("utf-8", "surrogatepass"), "sha256").hex()[:_SHORT]
