"""Files of records, one to a line: plain, gzip or zip, told apart by their first bytes and never by their name.

A record is bytes: what is not UTF-8 passes as it is, since saying so is up to whoever decodes it.
"""

import gzip
import io
import os
import stat
import sys
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import chain
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self

from typing_extensions import override

from streams.contracts.decode import MAX_BYTES

STDIN: Final = "-"
"""The path that stands for the standard input."""

DIGEST_BYTES: Final = 8
"""Of a fingerprint: it must tell the files of one name apart, not withstand anybody."""

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_BROKEN: Final = (EOFError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What reading raises where a file is cut off, damaged, encrypted, or packed by a method that Python doesn't know."""


class SourceError(Exception):
    """A source could not be read, or not to its end: says which, where, and what to do."""


class Record(NamedTuple):
    """A record of a source, and its position: positions rise, and one source gives each record the same every time.

    So to go on after a crash is to leave out the records at and before the last position that is safe.
    """

    raw: bytes
    position: int


class Source(ABC):
    """Records in a fixed order, to be read once; closed when the ``with`` block ends."""

    @abstractmethod
    def __iter__(self) -> Iterator[Record]:
        """Yield the records.

        Raises:
            SourceError: the rest can't be read.
        """

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """What tells what it holds from what its file has held before; to be asked before the records are read.

        While it is the same a position is that of the same record, as far as can be told without reading all again.

        Raises:
            SourceError: what it takes can't be read.
        """

    @property
    @abstractmethod
    def total_bytes(self) -> int | None:
        """Size of the file as it lies on the disk, ``None`` where nobody knows: a pipe."""

    @property
    @abstractmethod
    def bytes_read(self) -> int:
        """How far it was read: from 0 to :attr:`total_bytes`, a buffer ahead of the records."""

    @property
    def notes(self) -> Sequence[str]:
        """What its reader should be told, such as what was left out; complete once all was read."""
        return ()

    @abstractmethod
    def close(self) -> None:
        """Let go of the file."""

    def __enter__(self) -> Self:
        """Return the source itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the source, whatever happened."""
        self.close()


class LineFile(Source):
    """The lines of a file, without their newlines; the position is the line's number, from 1. Blank lines are skipped.

    A line longer than ``limit`` bytes is never held whole: its record is its first ``limit`` bytes and a word on how
    long it was. That is again longer than ``limit``, so decoding it refuses it as too large.
    """

    def __init__(self, path: str, limit: int = MAX_BYTES) -> None:
        """Open a file, or the standard input where the path is ``-``.

        Raises:
            SourceError: there is no such file, it may not be read, or it is a zip without exactly one file in it.
        """
        self.name: Final = "standard input" if path == STDIN else path
        self.limit: Final = limit
        try:
            self._file = _CountedFile(sys.stdin.fileno() if path == STDIN else path, closefd=path != STDIN)
        except OSError as error:
            msg = f"{self.name}: can't be opened ({error.strerror}); check the path and who may read it"
            raise SourceError(msg) from error
        self._number = 0
        try:
            self._lines = _unpack(io.BufferedReader(self._file), self.name)
        except _BROKEN as error:
            self.close()
            raise self._broken_off(error) from error
        except SourceError:
            self.close()
            raise
        self._records: Iterator[Record] = self._read()

    def peek(self) -> Record | None:
        """Return the next record without taking it, ``None`` where there is none; raises as reading does."""
        first = next(self._records, None)
        if first is not None:
            self._records = chain((first,), self._records)
        return first

    @override
    def __iter__(self) -> Iterator[Record]:
        return self._records

    @property
    @override
    def fingerprint(self) -> str:
        """The digest of the first record: a log that grows keeps it, and one that begins otherwise is another log.

        It can't tell a file that was changed behind its first record.
        """
        first = self.peek()
        return blake2b(b"" if first is None else first.raw, digest_size=DIGEST_BYTES).hexdigest()

    @property
    @override
    def total_bytes(self) -> int | None:
        return self._file.size

    @property
    @override
    def bytes_read(self) -> int:
        # A zip is read at its end as well, for its directory: that must not show as more than all.
        return min(self._file.count, self._file.size or self._file.count)

    @override
    def close(self) -> None:
        self._file.close()

    def _read(self) -> Iterator[Record]:
        most = self.limit + len(b"\r\n")
        readline = self._lines.readline
        while line := self._next(readline, most):
            self._number += 1
            if self._number == 1:
                line = line.removeprefix(_BYTE_ORDER_MARK)
            if len(line) >= most and not line.endswith(b"\n"):
                yield Record(self._cut(line), self._number)
            elif not line.isspace():
                yield Record(line.rstrip(b"\r\n"), self._number)

    def _next(self, readline: "_ReadLine", most: int) -> bytes:
        try:
            return readline(most)
        except _BROKEN as error:
            raise self._broken_off(error) from error

    def _cut(self, line: bytes) -> bytes:
        """Skip the rest of a line that is too long; return its beginning, and how long it was."""
        length = len(line)
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = self._next(self._lines.readline, self.limit)
            length += len(rest.rstrip(b"\r\n"))
        return line[: self.limit] + b" [cut off: line %d has %d bytes]" % (self._number, length)

    def _broken_off(self, error: Exception) -> SourceError:
        why = str(error) or "it ends there"
        return SourceError(
            f"{self.name}: can't be read beyond byte {self.bytes_read} ({why}); the {self._number} lines before that"
            " are good. Once the file is whole, run it again; with `replay --db` it goes on where it stopped"
        )


class _ReadLine(Protocol):
    def __call__(self, limit: int, /) -> bytes: ...


class _Lines(Protocol):
    @property
    def readline(self) -> _ReadLine: ...


class _CountedFile(io.FileIO):
    """A file that counts the bytes that are read from it, since a pipe can't tell."""

    def __init__(self, file: str | int, *, closefd: bool) -> None:
        super().__init__(file, closefd=closefd)
        self.count = 0
        status = os.fstat(self.fileno())
        self.size = status.st_size if stat.S_ISREG(status.st_mode) else None

    @override
    def readinto(self, buffer: "bytearray | memoryview", /) -> int | None:  # type: ignore[override]
        n = super().readinto(buffer)
        self.count += n or 0
        return n


def _unpack(stream: io.BufferedReader, name: str) -> _Lines:
    """Return the lines in a stream, whatever it is packed in."""
    magic = stream.peek(len(_ZIP))
    if magic.startswith(_GZIP):
        return gzip.GzipFile(fileobj=stream)
    if magic.startswith(_ZIP):
        # A zip is read from its end, which a pipe has not got.
        archive = zipfile.ZipFile(stream if stream.seekable() else io.BytesIO(stream.read()))
        members = [member for member in archive.namelist() if not member.endswith("/")]
        if len(members) != 1:
            msg = f"{name}: holds {len(members)} files ({', '.join(members[:5])}); unpack it and name the one to read"
            raise SourceError(msg)
        return archive.open(members[0])
    return stream
