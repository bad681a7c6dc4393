"""The audit log: one line of JSON for each look, action, sign-in and refusal, and nothing about customers."""

import json
import os
import sys
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Final

from streams.contracts.times import rfc3339
from streams.domain.units import Millis

_HASH_BYTES: Final = 8
_LONGEST: Final = 500


class AuditError(OSError):
    """A line could not be written, so what it is about must not happen."""


class Audit:
    """Appends lines to a file, or to the standard error where there is none.

    The file is opened for each line, so that it may be moved away at any time.
    """

    def __init__(self, path: Path | None, salt: bytes, now: Callable[[], Millis]) -> None:
        self._path = path
        self._salt = salt
        self._now = now
        self._torn = False

    def write(  # noqa: PLR0913 - one for each member of a line
        self,
        what: str,
        result: str,
        *,
        address: str,
        who: str | None = None,
        way: str | None = None,
        subject: str | None = None,
        place: str | None = None,
        why: str | None = None,
    ) -> None:
        """Append a line.

        Args:
            what: the kind of page (``live`` before it for its changes) or action, ``sign-in``, ``sign-out``, or
                ``request`` where it is not known what was asked for.
            result: what became of it: ``in``, ``out``; ``begun`` before an action, and then the status of the answer;
                ``refused``, ``failed``, ``ended`` where what is live was no longer allowed.
            address: where it came from.
            who: somebody's name, where it is certain.
            way: how they signed in.
            subject: the id of a nudge or contact; only its keyed hash is written.
            place: the team and queue that it is about.
            why: the reason of a refusal.

        Raises:
            AuditError: it can't be written.
        """
        told = {
            "time": rfc3339(self._now()),
            "who": who,
            "way": way,
            "address": address,
            "what": what,
            "subject": None if subject is None else self._hash(subject),
            "place": None if place is None else place[:_LONGEST],
            "result": result,
            "why": None if why is None else why[:_LONGEST],
        }
        # ASCII alone, so that nothing in a name or an address can end a line or steer a terminal.
        text = json.dumps({name: value for name, value in told.items() if value is not None}, ensure_ascii=True)
        self._append(text.replace("\x7f", "\\u007f") + "\n")

    def _append(self, line: str) -> None:
        try:
            if self._path is None:
                sys.stderr.write(line)
                sys.stderr.flush()
                return
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                whole = f"\n{line}" if self._torn else line
                self._torn = os.write(file, whole.encode()) < len(whole)
            finally:
                os.close(file)
        except (OSError, ValueError) as error:  # the last where the standard error was closed
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise AuditError(self._told(why)) from error
        if self._torn:
            raise AuditError(self._told("there is room for a part of a line only"))

    def _told(self, why: str | None) -> str:
        return f"the audit log {self._path or 'on the standard error'} can't be written ({why})"

    def _hash(self, subject: str) -> str:
        return blake2b(subject.encode(errors="replace"), digest_size=_HASH_BYTES, key=self._salt).hexdigest()
