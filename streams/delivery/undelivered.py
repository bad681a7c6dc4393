"""Nudges that could not be delivered: a file of one JSON object a line, each with the reason."""

import os
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from streams.contracts.times import rfc3339
from streams.domain.units import Millis

_LONGEST: Final = 500


class UndeliveredError(OSError):
    """The file can't be written, so nothing may count as done with."""


class Letter(NamedTuple):
    """A nudge that was given up.

    Attributes:
        at: when.
        webhook: the name of the target.
        reason: why, in a word that can be counted.
        detail: why, in words.
        tries: how often it was tried.
        body: what would have been sent.
    """

    at: Millis
    webhook: str
    reason: str
    detail: str
    tries: int
    message_id: str
    body: bytes


class Undelivered:
    """Appends to the file; it is opened for each line, so that it may be moved away at any time.

    A line that was torn, as by a full disk, stays as it is; the next one begins after it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, letter: Letter) -> None:
        """Put a letter in the file; it is on disk on return.

        Raises:
            UndeliveredError: it can't be.
        """
        told = letter._asdict() | {
            "at": rfc3339(letter.at),
            "detail": letter.detail[:_LONGEST],
            "body": letter.body.decode(errors="backslashreplace"),
        }
        line = orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)
        try:
            file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                size = os.fstat(file).st_size
                if size and os.pread(file, 1, size - 1) != b"\n":
                    line = b"\n" + line
                while line:
                    line = line[os.write(file, line) :]
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            msg = f"{self._path}: can't be written ({error.strerror}), so deliveries stop until it can"
            raise UndeliveredError(msg) from error
