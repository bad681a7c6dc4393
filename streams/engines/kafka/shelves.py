"""The shelves of a worker: one for each partition that it works on or stands by for."""

import fcntl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from streams.engines.kafka.keeping import LEDGER
from streams.engines.kafka.shelf import Memory, Place, Shelf, Write
from streams.engines.port import StorageError

_LOCK: Final = "lock"


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

    def __getitem__(self, partition: int) -> Shelf:
        """Return the shelf of a partition.

        Raises:
            StorageError: it can't be opened.
        """
        shelf = self._open.get(partition)
        if shelf is None:
            shelf = self._open[partition] = Shelf(self._folder / str(partition), self._memory)
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

    def keep(self, partitions: Iterable[int]) -> None:
        """Close the shelves of all other partitions."""
        for partition in set(self._open) - set(partitions):
            self._open.pop(partition).close()

    def close(self) -> None:
        """Close them all, and let others have the folder."""
        self.keep(())
        self._lock.close()


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
