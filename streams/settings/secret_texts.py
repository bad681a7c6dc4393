"""Secrets: what each must be, and the files that they may be in. What is said of one never quotes it."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from streams.contracts.fields import NO_CONTROLS
from streams.settings.problems import Place

SETTING_OF: Final[Mapping[str, Place]] = {
    "kafka_password": ("kafka", "security", "sasl", "password_file"),
    "oidc_client_secret": ("board", "oidc", "client_secret_file"),
    "proxy_secret": ("board", "proxy", "secret_file"),
}
"""The settings that name the file of a secret, by the name of the secret."""

_SALT_BYTES: Final = range(16, 65)


def check_secret(name: str, text: str) -> str:
    """Return the text of a secret.

    Raises:
        ValueError: if it can't be that secret; the message says what would be right.
    """
    fault = _FAULTS[name](text)
    if fault is not None:
        raise ValueError(fault)
    return text


def read_secret(name: str, path: Path) -> str:
    """Return the secret that a file holds. The line break that editors leave at the end is not part of it.

    Raises:
        ValueError: if the file can't be read, or holds no such secret; the message says what would be right.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a text in UTF-8"
        msg = f"cannot read {str(path)!r}: {why}; name a file that holds the secret"
        raise ValueError(msg) from None
    return check_secret(name, text.rstrip("\r\n"))


def _fault_of_salt(text: str) -> str | None:
    size = len(text.encode(errors="replace"))
    if size not in _SALT_BYTES:
        return f"has {size} bytes; give it {_SALT_BYTES[0]} to {_SALT_BYTES[-1]} random ones"
    return None


def _fault_of_password(text: str) -> str | None:
    if not text:
        return "is empty; give it the password"
    if re.search(NO_CONTROLS, text) is None:
        return "holds a control character or more than one line; give it the password alone"
    return None


_FAULTS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "exemplar_salt": _fault_of_salt,
    "kafka_password": _fault_of_password,
    "oidc_client_secret": _fault_of_password,
    "proxy_secret": _fault_of_password,
    "audit_salt": _fault_of_salt,
    "customer_salt": _fault_of_salt,
    "webhook": _fault_of_password,
}
