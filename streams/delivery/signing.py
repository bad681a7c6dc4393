"""Signatures by the Standard Webhooks specification, 1.0: receivers check them with any of its libraries."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from streams.domain.units import SECOND, Millis

PREFIX: Final = "whsec_"
KEY_BYTES: Final = range(24, 65)


def key_of(secret: str) -> bytes:
    """Return the key that a secret such as ``whsec_…`` stands for.

    Raises:
        ValueError: it is none; the message says what would be right, and does not quote it.
    """
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True) if secret.startswith(PREFIX) else b""
    except ValueError:
        key = b""
    if len(key) not in KEY_BYTES:
        msg = f"is not {PREFIX} and {KEY_BYTES[0]} to {KEY_BYTES[-1]} random bytes in base64"
        raise ValueError(msg)
    return key


def signed(message_id: str, at: Millis, body: bytes, key: bytes | None) -> Mapping[str, str]:
    """Return the headers of a message that is sent at a time."""
    timestamp = str(at // SECOND)
    headers = {"webhook-id": message_id, "webhook-timestamp": timestamp}
    if key is not None:
        digest = hmac.new(key, b".".join((message_id.encode(), timestamp.encode(), body)), sha256).digest()
        headers["webhook-signature"] = f"v1,{b64encode(digest).decode()}"
    return headers
