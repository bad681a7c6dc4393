"""What a worker keeps of one partition on disk: RocksDB, written in one batch together with how far it goes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple, cast

from rocksdict import BlockBasedOptions, Cache, Options, Rdict, WriteBatch, WriteBufferManager

from streams.engines.port import StorageError

_BLOOM_BITS: Final = 10
_BLOCK: Final = 16 * 1024
_MEMTABLES: Final = 4
_OPEN_FILES: Final = 200
_INFO_LOG_BYTES: Final = 1 << 20
_SOURCES: Final = b"@"
"""Begins the keys that say up to which offset of a changelog the shelf goes: no state has such a key."""

Write = tuple[bytes, bytes | None]
"""A key and its new value, ``None`` where it has none any more."""


class Memory:
    """What all shelves of a process share: without it, RocksDB takes gigabytes for every one of them."""

    def __init__(self, cache: int, write_buffer: int) -> None:
        """Set bounds, in bytes, on the blocks that are cached and on the writes that wait to be flushed."""
        self._cache = Cache(cache)
        self._writes = WriteBufferManager(write_buffer, False)  # noqa: FBT003 - it takes no keywords; never stall
        self._write_buffer = write_buffer

    @property
    def cached(self) -> int:
        """Bytes of blocks in the cache."""
        return int(self._cache.get_usage())

    def options(self) -> Options:
        """Return how a shelf is opened."""
        table = BlockBasedOptions()
        table.set_block_cache(self._cache)
        table.set_block_size(_BLOCK)
        table.set_bloom_filter(_BLOOM_BITS, False)  # noqa: FBT003 - it takes no keywords; full filters
        table.set_cache_index_and_filter_blocks(True)
        table.set_pin_l0_filter_and_index_blocks_in_cache(True)
        options = Options(raw_mode=True)
        options.create_if_missing(True)  # noqa: FBT003
        options.set_block_based_table_factory(table)
        options.set_write_buffer_manager(self._writes)
        options.set_write_buffer_size(max(self._write_buffer // _MEMTABLES, 1 << 20))
        options.set_max_open_files(_OPEN_FILES)
        options.set_max_log_file_size(_INFO_LOG_BYTES)
        options.set_keep_log_file_num(2)
        return options


class Place(NamedTuple):
    """How far a shelf has followed a changelog: the offset of the next record to read."""

    topic: str
    next: int


class Shelf:
    """The keys and values of one partition, in their order, and the places in the changelogs that they come from."""

    def __init__(self, path: Path, memory: Memory) -> None:
        """Open a shelf, making it where it is missing.

        Raises:
            StorageError: it can't be opened or written.
        """
        self._path = path
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = Rdict(str(path), memory.options())

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key, ``None`` where it has none."""
        with self._translated():
            value: bytes | None = self._db.get(key)
        return value

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the values of keys, in the same order."""
        with self._translated():
            return cast("list[bytes | None]", self._db.get(list(keys)))

    def between(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Return keys from ``start`` up to and without ``end``, in order, with their values."""
        with self._translated():
            for key, value in cast("Iterator[tuple[bytes, bytes]]", self._db.items(from_key=start)):
                if key >= end:
                    return
                yield key, value

    def place(self, topic: str) -> int | None:
        """Return the offset from which a changelog is to be followed; ``None`` where none of it is here."""
        raw = self.get(_SOURCES + topic.encode())
        return None if raw is None else int.from_bytes(raw, "big")

    def write(self, writes: Iterable[Write], places: Iterable[Place]) -> None:
        """Write values and how far they go: all of it or nothing.

        Raises:
            StorageError: nothing was written; it says why.
        """
        batch = WriteBatch(raw_mode=True)
        for key, value in writes:
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        for topic, after in places:
            batch.put(_SOURCES + topic.encode(), after.to_bytes(8, "big"))
        with self._translated():
            self._db.write(batch)

    def close(self) -> None:
        """Let go of the files."""
        with self._translated():
            self._db.close()

    def usage(self) -> Mapping[str, int]:
        """Return the bytes that it takes on ``disk``, and in ``memory`` besides the cache."""
        with self._translated():
            return {
                "disk": self._db.property_int_value("rocksdb.total-sst-files-size") or 0,
                "memory": self._db.property_int_value("rocksdb.cur-size-all-mem-tables") or 0,
            }

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            msg = f"{self._path}: {error.strerror}: make its folder writable for this user"
            raise StorageError(msg) from error
        except Exception as error:
            # RocksDB's errors come as plain exceptions, told apart by their text alone.
            if type(error) is not Exception:
                raise
            msg = f"{self._path}: {error}: {_hint(str(error))}"
            raise StorageError(msg) from error


def _hint(text: str) -> str:
    if "lock" in text.lower():
        return "another worker runs on this folder; give each its own with --state"
    if "No space left" in text:
        return "free some space and start again; nothing is lost, what is missing here is read again from Kafka"
    if "Corruption" in text:
        return "remove this folder; it is made again from Kafka"
    return "look for a full disk, a quota or a failing device; nothing is lost, it can be made again from Kafka"
