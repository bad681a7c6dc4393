"""Faust's tables, with the store that units write: Faust decides what to follow from where, the shelves do the rest."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn, cast

import faust
from faust.stores.base import Store as FaustStore
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery as FaustRecovery
from faust.types import TP, EventT
from mode import Service

from streams.engines.port import StorageError

if TYPE_CHECKING:
    from streams.engines.kafka.app import App


class Table(faust.Table[bytes, bytes]):
    """A table whose changelog is written by units, in their transactions. Its topics are made by ``topics create``."""

    async def on_start(self) -> None:
        """Start the store, and declare nothing."""
        await self.add_runtime_dependency(self.data)


class Store(FaustStore[bytes, bytes]):
    """The shelves, as Faust sees them: which offset of a changelog each of them has come to."""

    app: "App"

    @property
    def _topic(self) -> str:
        return cast("Table", self.table).changelog_topic_name

    def persisted_offset(self, tp: TP) -> int | None:
        """Return the last offset of a changelog's partition that is on the shelf, ``None`` if none is."""
        try:
            following = self.app.worker.shelves.place(tp.topic, tp.partition)
        except StorageError as error:
            self.app.worker.fail(error)
            return None
        return None if following is None else following - 1

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        """Do nothing: offsets are written together with what they stand for."""

    def apply_changelog_batch(
        self, batch: Iterable[EventT[Any]], to_key: Callable[[Any], Any], to_value: Callable[[Any], Any]
    ) -> None:
        """Do nothing: changelogs are followed by :meth:`Tables.follow`, and Faust's own buffers stay empty."""
        if any(True for _ in batch):
            msg = f"{self._topic}: Faust has buffered records of a changelog, which this transport never gives it"
            raise RuntimeError(msg)

    async def need_active_standby_for(self, tp: TP) -> bool:
        """Say that a partition's changelog must be followed by us."""
        return True

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Let go of the partitions that are others' now."""
        await self.app.worker.keep({tp.partition for tp in assigned if tp.topic == self._topic})

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Do nothing: units are made when the worker is asked where to read from."""

    def reset_state(self) -> None:
        """Do nothing: shelves outlive the process."""

    async def backup_partition(
        self,
        tp: TP | int,
        flush: bool = True,
        purge: bool = False,
        keep: int = 1,
    ) -> None:
        """Refuse: the changelog is the backup.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(_NOT_HERE)

    def restore_backup(self, tp: TP | int, latest: bool = True, backup_id: int = 0) -> None:
        """Refuse: the changelog is the backup.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(_NOT_HERE)

    @property
    def data(self) -> NoReturn:  # type: ignore[override] # there is nothing to be had
        """Refuse: units read and write their shelves themselves, in batches.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(_NOT_HERE)


_NOT_HERE = "this store is written and read by units alone; its backup is its changelog"


class Recovery(FaustRecovery):
    """Follows changelogs by batches of records, up to the end that they had once all former owners were fenced.

    Offsets are compared as Faust does, by the last one that was followed. Transactions leave marks in a changelog that
    no record stands for, so what counts is how far the consumer has come, not which record came last.
    """

    app: "App"

    async def _build_highwaters(self, consumer: Any, tps: set[TP], destination: Any, title: str) -> None:  # noqa: ANN401
        if title == "active":
            self.signal_recovery_end.clear()
            await self.app.worker.fence({tp.partition for tp in tps})
        await super()._build_highwaters(consumer, tps, destination, title)
        for tp in tps:
            if title != "active" or self.app.worker.works_on(tp.partition):
                # The end of a topic leaves out a transaction that was committed just now and is not marked as such yet.
                # Nobody waits for that where nobody was fenced; what we wrote ourselves is on the shelf already.
                place = self.app.worker.shelves.place(tp.topic, tp.partition)
                destination[tp] = max(destination[tp], -1 if place is None else place - 1)

    @Service.task
    async def _slurp_changelogs(self) -> None:
        """Take the place of the task that takes records one by one: there is nothing left to do for it."""

    @property
    def following(self) -> set[TP]:
        """The partitions of changelogs whose ends are not reached yet, and those that are stood by for."""
        if not self.in_recovery:
            return set(self.standby_tps)
        return set(self.active_tps)

    def follow(self, tp: TP, position: int) -> None:
        """Take note that a partition was followed up to the record before ``position``."""
        for tps, offsets in ((self.active_tps, self.active_offsets), (self.standby_tps, self.standby_offsets)):
            if tp in tps:
                offsets[tp] = max(position - 1, offsets[tp] if offsets[tp] is not None else -1)
        if self.in_recovery and not self.need_recovery():
            self._set_recovery_ended()
            self.signal_recovery_end.set()
        if not self.tables.standbys_ready and not self.standby_remaining_total():
            self.tables.on_standbys_ready()


class Tables(TableManager):
    """The tables of a worker."""

    app: "App"

    @property
    def recovery(self) -> Recovery:
        """What follows changelogs."""
        if self._recovery is None:
            self._recovery = Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return cast("Recovery", self._recovery)
