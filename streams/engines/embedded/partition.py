"""One partition of the log, its processors and their state: what a batch does, from records to rows."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from streams.contracts.nudges import encode_nudge
from streams.contracts.outcomes import encode_outcome
from streams.domain import measures as m
from streams.domain.labels import LabelBudget
from streams.domain.ledger import hour_of
from streams.domain.outcomes import Outcome
from streams.domain.policy import Policy
from streams.domain.units import Millis
from streams.domain.watermark import BEGINNING
from streams.engines.embedded import dead_letters, ledger
from streams.engines.embedded.log import SegmentTable
from streams.engines.embedded.progress import Progress, read_progress, write_progress
from streams.engines.embedded.state import StateTable, load_timers, save_timers
from streams.engines.intake import Intake, Received, Refused, Touched, reject
from streams.engines.states import Codec
from streams.processors.changes import Changes, Timers, Work


class Retention(NamedTuple):
    """For how long what was processed is kept: records after they came, outcomes by the log's time. ``None``: ever."""

    log: Millis | None = None
    outcomes: Millis | None = None


class OtherWindowsError(Exception):
    """What was judged by other windows can't be gone on with: half of each sum would mean another thing."""

    def __init__(self, windows: Mapping[str, Millis]) -> None:
        """Say by which."""
        super().__init__(", ".join(windows))


@dataclass(slots=True)
class Batch:
    """What processing some records came to; nothing of it is durable before :meth:`Partition.save`."""

    after: int
    received_at: Millis
    refused: list[Refused]
    touched: Touched = field(default_factory=Touched)
    timers: Timers = field(default_factory=lambda: Timers(BEGINNING))
    changes: Changes = field(default_factory=Changes)


class Partition:
    """Made from what the last commit left. After a batch that was not committed, make it anew."""

    def __init__(self, connection: sqlite3.Connection, policy: Policy, kept: Retention) -> None:
        self.log = SegmentTable(connection, "log")
        self.outbox = SegmentTable(connection, "outbox")
        self.nudges = SegmentTable(connection, "nudges")
        self.progress = read_progress(connection)
        self._connection = connection
        self._windows = {window.name: window.length for window in policy.windows}
        if self.progress.windows not in ({}, self._windows):
            raise OtherWindowsError(self.progress.windows)
        self._kept = kept
        self._labels = LabelBudget(policy, {name: list(values) for name, values in self.progress.labels.items()})
        watermark = BEGINNING if self.progress.watermark is None else self.progress.watermark
        self._tables: list[StateTable[Any]] = []
        self._intake = Intake(policy, self._labels, self.progress.sent, watermark, self._table)
        self._intake.hold(self.log.read(self.progress.low, self.progress.next - self.progress.low))

    @property
    def latest(self) -> Millis | None:
        """The latest time of which the log has told; ``None`` while it is empty."""
        sequencer = self._intake.sequencer
        if sequencer.latest is not None:
            return sequencer.latest
        watermark = sequencer.watermark
        return None if watermark == BEGINNING else watermark - 1

    def process(self, records: Sequence[Received], advance_to: Millis | None = None) -> Batch:
        """Process records of the log, and then let time pass to ``advance_to``. Reads state, writes nothing."""
        after, received_at = (records[-1].offset + 1, records[-1].received_at) if records else (self.progress.next, 0)
        batch = Batch(after, received_at, [])
        releases = self._intake.order(records, batch.changes, batch.refused)
        if advance_to is not None:
            releases.append(self._intake.sequencer.advance(advance_to))
        batch.timers = load_timers(self._connection, self._intake.sequencer.watermark)
        work = Work(batch.touched.journeys, batch.timers, batch.changes)
        self._intake.journey_states.load(batch.touched.journeys, batch.timers.keys())
        outcomes = batch.changes.outcomes
        for release in releases:
            before = len(outcomes)
            facts = self._intake.process(release, batch.touched, batch.changes)
            of_strangers = len(outcomes) - before
            self._intake.journey_states.load(batch.touched.journeys, self._intake.journeys.keys(facts))
            self._intake.journeys.process(facts, release.watermark, work, late=release.late)
            if of_strangers and not release.late:  # else how the log is cut would tell whose are put on record first
                outcomes[before:] = sorted(outcomes[before:], key=_occurred_at)
        shown = self._intake.show(batch.touched)
        self._intake.nudge_ahead(shown, self._intake.sequencer.watermark, batch.touched, batch.changes)
        batch.refused += reject(batch.changes, after - 1, received_at)
        for letter in batch.refused:
            batch.changes.additions.count(m.DEAD_LETTERS, (letter.reason,))
        return batch

    def save(self, batch: Batch, source: Mapping[str, int] | None) -> Progress:
        """Write a batch in the caller's transaction: state, ledger, outcomes, dead letters, the place in the log."""
        watermark = self._intake.sequencer.watermark
        low = self._intake.sequencer.low_offset
        progress = Progress(
            batch.after,
            batch.after if low is None else low,
            None if watermark == BEGINNING else watermark,
            self._labels.snapshot(),
            self.progress.source if source is None else source,
            self._windows,
            self._intake.throttle.snapshot(),
        )
        for table, states in zip(self._tables, batch.touched.all(), strict=True):
            table.save(states)
        save_timers(self._connection, batch.timers)
        ledger.add(self._connection, batch.changes.additions)
        dead_letters.add(self._connection, batch.refused)
        if batch.changes.outcomes:
            encoded = [encode_outcome(outcome) for outcome in batch.changes.outcomes]
            self.outbox.append(encoded, watermark, self.outbox.end())
        if batch.changes.nudges:
            self.nudges.append([encode_nudge(nudge) for nudge in batch.changes.nudges], watermark, self.nudges.end())
        self._forget(progress, batch.received_at)
        write_progress(self._connection, progress)
        return progress

    def committed(self, batch: Batch, progress: Progress) -> None:
        """Go on from a batch, now that it is durable."""
        self.progress = progress
        for table, states in zip(self._tables, batch.touched.all(), strict=True):
            table.committed(states)

    def _table(self, name: str, codec: Codec[Any]) -> StateTable[Any]:
        table: StateTable[Any] = StateTable(self._connection, name, codec)
        self._tables.append(table)
        return table

    def _forget(self, progress: Progress, received_at: Millis) -> None:
        """Once an hour of the log's time, let go of what is no longer needed."""
        watermark, before = progress.watermark, self.progress.watermark
        if watermark is None or (before is not None and hour_of(watermark) == hour_of(before)):
            return
        for table in self._tables:
            table.expire(watermark)
        ledger.trim(self._connection, watermark)
        if self._kept.log is not None:
            self.log.trim(progress.low, received_at - self._kept.log)
        if self._kept.outcomes is not None:
            for topic in (self.outbox, self.nudges):
                topic.trim(topic.end(), watermark - self._kept.outcomes)


def _occurred_at(outcome: Outcome) -> Millis:
    return outcome.occurred_at
