"""Reading a file or a pipe beside what else the process does: a pipe that is silent must not hold up the rest."""

from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import Final

from streams.sources.detect import open_source
from streams.sources.files import SourceError

_AHEAD: Final = 20_000


class Feed:
    """The records of a source, read ahead in a thread; which dies with the process, since reading can't be stopped."""

    def __init__(self, path: str) -> None:
        """Begin to read a file, or the standard input where the path is ``-``."""
        self._path = path
        self._queue: Queue[bytes | SourceError | None] = Queue(_AHEAD)
        self.ended = False
        Thread(target=self._read, name="feed", daemon=True).start()

    def take(self, limit: int) -> list[bytes]:
        """Return the records that have come, at most ``limit``, without waiting.

        Raises:
            SourceError: the rest can't be read; what came before was returned.
        """
        taken: list[bytes] = []
        with suppress(Empty):
            while len(taken) < limit and not self.ended:
                item = self._queue.get_nowait()
                if isinstance(item, bytes):
                    taken.append(item)
                elif taken and item is not None:
                    self._queue.put_nowait(item)  # nothing comes after it
                    break
                elif item is not None:
                    raise item
                else:
                    self.ended = True
        return taken

    def _read(self) -> None:
        try:
            with open_source(self._path) as source:
                for record in source:
                    self._queue.put(record.raw)
        except SourceError as error:
            self._queue.put(error)
        else:
            self._queue.put(None)
