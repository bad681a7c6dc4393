"""Keeps a unit going: takes what was fetched for it, and makes each step durable before the next."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from time import monotonic
from typing import Any, Final

from streams.domain.units import Millis
from streams.engines.kafka.shelves import Shelves
from streams.engines.kafka.stats import Stats
from streams.engines.kafka.unit import Unit
from streams.engines.kafka.writer import Writer

_AHEAD: Final = 2
"""How many batches of each kind may wait, so that there is always one when a step is done."""
_BATCH_BYTES: Final = 1 << 20
"""Size of records from which a batch is full, however few they are: a record of facts can be as large as hundreds."""
_LARGE_BYTES: Final = 128 * 1024


class Inbox:
    """Records that wait to be processed, in order."""

    def __init__(self) -> None:
        self._records: deque[Any] = deque()
        self.bytes = 0

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._records)

    @property
    def oldest(self) -> Any:  # noqa: ANN401 - the brokers' records have no type
        """The one that waits longest, ``None`` if none does."""
        return self._records[0] if self._records else None

    def put(self, records: Sequence[Any]) -> None:
        """Add records."""
        self._records.extend(records)
        self.bytes += sum(map(_size, records))

    def take(self, limit: int) -> list[Any]:
        """Take the oldest, as many as a batch may have."""
        records, size = self._records, 0
        taken: list[Any] = []
        while records and len(taken) < limit and size < _BATCH_BYTES:
            record = records.popleft()
            size += _size(record)
            taken.append(record)
        self.bytes -= size
        return taken

    def clear(self) -> None:
        """Let go of them all; they will be fetched again."""
        self._records.clear()
        self.bytes = 0


def _size(record: Any) -> int:  # noqa: ANN401 - the brokers' records have no type
    return len(record.value or b"")


class Pump:
    """Runs steps of one unit, one after the other, for as long as there is something in its inboxes."""

    def __init__(  # noqa: PLR0913, PLR0917 - it holds together what each of them does
        self,
        unit: Unit,
        writer: Writer,
        shelves: Shelves,
        batch: int,
        stats: Stats,
        failed: Callable[[int, Exception], None],
        gate: asyncio.Semaphore,
    ) -> None:
        """Make a pump that stands still.

        Args:
            unit: whose steps to run.
            writer: that makes them durable.
            shelves: that they are put on afterwards.
            batch: most records of each kind in a step.
            stats: what is told about it.
            failed: is told when a step could not be made durable; the pump is of no use then.
            gate: how many large steps may be under way in all pumps: each is held in memory until it is durable.
        """
        self.unit = unit
        self.writer = writer
        self.events = Inbox()
        self.facts = Inbox()
        self._shelves = shelves
        self._batch = batch
        self._stats = stats
        self._failed = failed
        self._gate = gate
        self._task: asyncio.Task[None] | None = None
        self._halted = False
        self._in_step: Any = None
        self.since: float | None = None
        """By the monotonic clock, when the step under way has begun."""

    @property
    def oldest(self) -> Millis | None:
        """When the oldest record was written that is here and not committed; ``None`` if all are."""
        waiting = [one.timestamp for one in (self._in_step, self.events.oldest, self.facts.oldest) if one is not None]
        return min(waiting, default=None)

    @property
    def partition(self) -> int:
        """Whose it is."""
        return self.unit.partition

    def is_full(self, inbox: Inbox) -> bool:
        """Say whether nothing more should be fetched for an inbox."""
        return len(inbox) >= _AHEAD * self._batch or inbox.bytes >= _AHEAD * _BATCH_BYTES

    def start(self) -> None:
        """Begin to run, unless it runs already."""
        self._halted = False
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"pump-{self.partition}")

    async def halt(self) -> None:
        """Let the step that is under way be done, and forget what waits."""
        self._forget()
        if self._task is not None:
            await asyncio.wait([self._task])

    def give_up(self) -> None:
        """Stop at once, in the middle of whatever is under way."""
        self._forget()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

    async def _run(self) -> None:
        try:
            while not self._halted and (self.events or self.facts or self.unit.is_behind):
                self.since = monotonic()
                self._in_step = self.events.oldest or self.facts.oldest
                is_large = self.events.bytes + self.facts.bytes > _LARGE_BYTES or self.unit.is_behind
                async with self._gate if is_large else nullcontext():
                    await self._step(self.events.take(self._batch), self.facts.take(self._batch))
        except Exception as error:  # noqa: BLE001 - whoever made the pump decides what it means
            self._failed(self.partition, error)
        finally:
            self.since = self._in_step = None

    def _forget(self) -> None:
        self._halted = True
        self.events.clear()
        self.facts.clear()

    async def _step(self, events: Sequence[Any], facts: Sequence[Any]) -> None:
        with self._stats.processing(len(events), len(facts)):
            step = self.unit.process(events, facts)
        if step is None:
            await asyncio.sleep(0)
            return
        with self._stats.writing():
            places = await self.writer.write(step)
        self._stats.refused.update(dead.reason for dead in step.dead)
        self._shelves.write(self.partition, step.state, step.ledger, places)
        self.unit.committed(step)
