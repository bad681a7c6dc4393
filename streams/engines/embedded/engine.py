"""The embedded engine: takes a batch from the log, has it processed, and commits all that came of it at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing

from streams.domain.policy import Policy
from streams.domain.units import Millis
from streams.engines.embedded import dead_letters
from streams.engines.embedded.database import MEMORY, connect, own, transaction, translated
from streams.engines.embedded.ledger import SqliteLedger
from streams.engines.embedded.partition import OtherWindowsError, Partition, Retention
from streams.engines.intake import Received
from streams.engines.port import DeadLetter, StorageError


class EmbeddedEngine:
    """One partition of everything, in one file. Only one process may run it; anyone may read it."""

    _reader: SqliteLedger | None = None

    def __init__(self, path: str, policy: Policy, *, durable: bool = True, kept: Retention = Retention()) -> None:  # noqa: B008
        """Open a file and go on where it was left.

        Args:
            path: of the file, or ``:memory:``.
            policy: must have the windows that the file was begun with. Whatever else changes holds from now on.
            durable: whether a commit must survive a power cut; otherwise it survives any end of the process.
            kept: how much of what was processed is kept.

        Raises:
            StorageError: if the file can't be used, has other windows, or another process runs on it.
        """
        self._path = path
        self._policy = policy
        self._kept = kept
        self._reader: SqliteLedger | None = None
        self._owner = own(path)
        with ExitStack() as opened:
            if self._owner is not None:
                opened.enter_context(self._owner)
            self._connection = opened.enter_context(closing(connect(path, durable=durable)))
            try:
                with translated(path):
                    self._loaded: Partition | None = Partition(self._connection, policy, kept)
            except OtherWindowsError as error:
                ours = ", ".join(window.name for window in policy.windows)
                msg = f"{path}: was begun with the windows {error}, not {ours}; set those, or begin another file"
                raise StorageError(msg) from error
            opened.pop_all()  # all went well: they stay open until close()

    def append(self, records: Sequence[bytes], received_at: Millis) -> int:
        """Put records in the log; durable on return. Return the offset after the last one."""
        with translated(self._path), transaction(self._connection):
            log = self._partition.log
            return log.append(records, received_at, log.end())

    def step(self, limit: int) -> int:
        """Process up to ``limit`` records of the log in one atomic step; return how many there were."""
        with translated(self._path):
            records = list(self._partition.log.read(self._partition.progress.next, limit))
            if records:
                self._process(records)
        return len(records)

    def ingest(self, records: Sequence[bytes], received_at: Millis, source: Mapping[str, int]) -> None:
        """Append records and process them in one atomic step, together with how far their source was read.

        The log must have been processed to its end. What notes its place in ``source`` is never taken twice.
        """
        with translated(self._path):
            first = self._partition.progress.next
            fresh = [Received(offset, received_at, value) for offset, value in enumerate(records, first)]
            self._process(fresh, append=(records, received_at), source=source)

    def advance(self, to: Millis) -> None:
        """Let time pass without events: everything before ``to`` is final, and what matures by then does."""
        with translated(self._path):
            self._process((), advance_to=to)

    @property
    def source(self) -> Mapping[str, int]:
        """How far the sources that were ingested were read, by name."""
        with translated(self._path):
            return self._partition.progress.source

    @property
    def latest(self) -> Millis | None:
        """The latest time of which the log has told; ``None`` while it is empty."""
        with translated(self._path):
            return self._partition.latest

    @property
    def ledger(self) -> SqliteLedger:
        """What was counted so far. Lives as long as the engine."""
        if self._reader is None:
            in_memory = self._path == MEMORY
            self._reader = SqliteLedger(self._connection, MEMORY) if in_memory else SqliteLedger.open(self._path)
        return self._reader

    def outcomes(self, since: int = 0) -> Iterator[tuple[int, bytes]]:
        """Return the records of the outcomes topic with their offsets, from ``since`` on."""
        with translated(self._path):
            for record in self._partition.outbox.read(since):
                yield record.offset, record.value

    def nudges(self, since: int = 0) -> Iterator[tuple[int, bytes]]:
        """Return the records of the nudges topic with their offsets, from ``since`` on."""
        with translated(self._path):
            for record in self._partition.nudges.read(since):
                yield record.offset, record.value

    def dead_letters(self) -> Iterable[DeadLetter]:
        """Return the records that could not be used."""
        with translated(self._path):
            yield from dead_letters.read(self._connection)

    def close(self) -> None:
        """Let go of the file; nothing is lost, since whatever is not committed was not done."""
        if self._reader is not None:
            self._reader.close()
        self._connection.close()
        if self._owner is not None:
            self._owner.close()

    @property
    def _partition(self) -> Partition:
        if self._loaded is None:
            self._loaded = Partition(self._connection, self._policy, self._kept)
        return self._loaded

    def _process(
        self,
        records: Sequence[Received],
        *,
        append: tuple[Sequence[bytes], Millis] | None = None,
        source: Mapping[str, int] | None = None,
        advance_to: Millis | None = None,
    ) -> None:
        partition = self._partition
        try:
            batch = partition.process(records, advance_to)
            with transaction(self._connection):
                if append is not None and append[0]:
                    partition.log.append(*append, partition.progress.next)
                progress = partition.save(batch, source)
        except BaseException:
            self._loaded = None  # what the batch changed in memory is not what is in the file
            raise
        partition.committed(batch, progress)
