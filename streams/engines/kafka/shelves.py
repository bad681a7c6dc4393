"""The shelves of a worker: one for each partition that it works on or stands by for."""

import fcntl
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from shutil import rmtree
from time import time
from typing import IO, Final

from streams.domain.units import DAY
from streams.engines.kafka.config import TOMBSTONES_KEPT
from streams.engines.kafka.keeping import LEDGER
from streams.engines.kafka.shelf import Memory, Place, Shelf, Write
from streams.engines.port import StorageError

_LOCK: Final = "lock"
_KEPT_S: Final = (TOMBSTONES_KEPT - DAY) / 1000

logger = logging.getLogger(__name__)


class Shelves(Mapping[int, Shelf]):
    """Opens a shelf when it is asked for. One process at a time may use the folder that they are in."""

    def __init__(self, folder: Path, memory: Memory, state_topic: str, ledger_topic: str) -> None:
        """Claim the folder.

        Raises:
            StorageError: another worker has it, or it can't be written.
        """
        self._folder = folder
        self._memory = memory
        self._letter = {state_topic: b"", ledger_topic: LEDGER}
        self._open: dict[int, Shelf] = {}
        self._lock = _claim(folder)
        for path in folder.iterdir():
            if path.name.isdigit():
                _remove_stale(path)

    def __getitem__(self, partition: int) -> Shelf:
        """Return the shelf of a partition.

        Raises:
            StorageError: it can't be opened.
        """
        shelf = self._open.get(partition)
        if shelf is None:
            path = self._folder / str(partition)
            _remove_stale(path)  # it may have been others' for long since this process began
            shelf = self._open[partition] = Shelf(path, self._memory)
        return shelf

    def __iter__(self) -> Iterator[int]:
        """Return the partitions whose shelves are open."""
        return iter(self._open)

    def __len__(self) -> int:
        """Return how many shelves are open."""
        return len(self._open)

    def place(self, topic: str, partition: int) -> int | None:
        """Return the offset from which a partition of a changelog is to be followed, ``None`` for its beginning."""
        return self[partition].place(topic)

    def follow(self, topic: str, partition: int, records: Iterable[Write], after: int) -> None:
        """Put on a shelf what a partition of a changelog says, up to an offset."""
        letter = self._letter[topic]
        self[partition].write([(letter + key, value) for key, value in records], [Place(topic, after)])

    def write(self, partition: int, state: Sequence[Write], ledger: Iterable[Write], places: Sequence[Place]) -> None:
        """Put on a shelf what was written to both changelogs."""
        self[partition].write([*state, *((LEDGER + key, value) for key, value in ledger)], places)

    def usage(self) -> Mapping[str, int]:
        """Return the sizes in bytes of all that are open: on ``disk`` and in ``memory``."""
        usages = [shelf.usage() for shelf in self._open.values()]
        disk, memory = (sum(usage[kind] for usage in usages) for kind in ("disk", "memory"))
        return {"disk": disk, "memory": memory + self._memory.cached}

    def keep(self, partitions: Iterable[int]) -> None:
        """Close the shelves of all other partitions."""
        for partition in set(self._open) - set(partitions):
            self._open.pop(partition).close()

    def close(self) -> None:
        """Close them all, and let others have the folder."""
        self.keep(())
        self._lock.close()


def _remove_stale(path: Path) -> None:
    """Remove a shelf that may have missed deletions, of which the changelogs tell for a limited time only."""
    newest = max((file.stat().st_mtime for file in path.iterdir()), default=0.0) if path.is_dir() else time()
    if time() - newest > _KEPT_S:
        logger.info("%s: is too old to be brought up to date, and is made again from Kafka", path)
        rmtree(path)


def _claim(folder: Path) -> IO[bytes]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / _LOCK).open("ab")
    except OSError as error:
        msg = f"{folder}: {error.strerror}: make it writable for this user, or name another with --state"
        raise StorageError(msg) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        msg = f"{folder}: another worker runs on this folder; give each its own with --state"
        raise StorageError(msg) from error
    return lock
