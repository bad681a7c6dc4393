"""One partition's share of the work: what a batch of its events and facts comes to, from records to records."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from streams.contracts.dead_letters import DeadLetter
from streams.contracts.nudges import encode_nudge
from streams.contracts.outcomes import encode_outcome
from streams.domain import measures as m
from streams.domain.labels import LabelBudget
from streams.domain.ledger import COHORTS_KEPT, SLOTS_KEPT, hour_of, slot_of
from streams.domain.nudges import Nudge, SpikeNudge
from streams.domain.outcomes import NudgeResponded, NudgeWithdrawn, Outcome, VerdictReached
from streams.domain.policy import Policy
from streams.domain.units import MINUTE, Millis
from streams.domain.watermark import BEGINNING
from streams.engines.intake import Intake, Received, Refused, reject
from streams.engines.kafka import facts as f
from streams.engines.kafka.keeping import LEDGER, PROGRESS, REPORT, DueTimers, KeptStates, Progress, Totals
from streams.engines.kafka.shelf import Shelf, Write
from streams.engines.kafka.step import Incoming, Step, expect_from
from streams.engines.kafka.sweeping import Sweeping
from streams.engines.port import StorageError
from streams.engines.states import Codec
from streams.processors import codec
from streams.processors.changes import Changes, Timers, Work
from streams.processors.merging import Merger
from streams.processors.previews import Preview

_LETTERS: Final = {"agents": b"a", "contacts": b"c", "alarms": b"d", "journeys": b"j"}
"""How the keys of states begin, by the name of their store."""
_CACHED: Final = 60_000
"""How many states all partitions together keep at hand, if their states are alike."""
_MOST_HELD: Final = 20_000
_FAR_AHEAD: Final = 10 * MINUTE
_MOST_DUE: Final = 10_000
"""Most timers that fire in one step, unless more are due at the same instant: time may leap by months."""


class Unit:
    """Made from what is on the shelf. After a step that was not committed, throw it away and make another."""

    def __init__(self, partition: int, partitions: int, policy: Policy, shelf: Shelf, topics: tuple[str, str]) -> None:
        """Go on from where the shelf is.

        Args:
            partition: which of them it is.
            partitions: how many there are.
            policy: what the contact centre decided.
            shelf: of the partition, up to date.
            topics: names of those that events and facts come from, for those who look for a dead letter's record.

        Raises:
            StorageError: what is on the shelf is in another layout, or was begun with other windows or another number
                of partitions.
        """
        self.partition = partition
        self._partitions = partitions
        self._shelf = shelf
        self._events_topic, self._facts_topic = topics
        self._windows = {window.name: window.length for window in policy.windows}
        raw = shelf.get(PROGRESS)
        beginning = [BEGINNING] * partitions
        self.progress = (
            Progress(0, 0, 0, 0, 0, BEGINNING, beginning, BEGINNING, {}, self._windows, 0, 0)
            if raw is None
            else Progress.load(raw)
        )
        self._check()
        progress = self.progress
        self._labels = LabelBudget(policy, {name: list(values) for name, values in progress.labels.items()})
        self._kept: list[KeptStates[Any]] = []
        self._intake = Intake(policy, self._labels, progress.sent, progress.watermark, self._keep)
        self._merger = Merger(list(progress.watermarks), progress.settled)
        self._events_read, self._facts_read = progress.events_low, progress.facts_low
        self._totals = Totals(shelf, partitions)
        self._sweeping = Sweeping(shelf, policy.memory)

    @property
    def reading(self) -> tuple[int, int]:
        """The offsets of events and of facts that are to be read next."""
        return self._events_read, self._facts_read

    @property
    def processed(self) -> tuple[int, int]:
        """The offsets after the last events and facts that were processed and are durable."""
        return self.progress.events_next, self.progress.facts_next

    @property
    def is_far_ahead(self) -> bool:
        """Whether its events are to wait for those of other partitions, so that what is held stays bounded."""
        ahead = self._intake.sequencer.watermark - self.progress.settled
        return len(self._merger.held) > _MOST_HELD and ahead > _FAR_AHEAD

    @property
    def is_behind(self) -> bool:
        """Whether more of what it was told is due than one step could settle, and it has taken back what it held."""
        # Until all that was held before a restart is read again, time must not pass it.
        is_whole = self._facts_read >= self.progress.facts_next
        return is_whole and self.progress.settled < self._merger.watermark

    def process(self, events: Sequence[Incoming], facts: Sequence[Incoming]) -> Step | None:
        """Process records of the partition's events and facts, in the order of their offsets; none if it is behind.

        Records that were processed before and of which something is still held are recognised. Return ``None`` where
        nothing is left to be written.

        Raises:
            StorageError: other records are there than were before, or such as can't be read.
        """
        if events:
            expect_from(self.progress.events_low, events, self._events_topic, self.partition)
            self._events_read = events[-1].offset + 1
            events = self._take_back_events(events)
        if facts:
            expect_from(self.progress.facts_low, facts, self._facts_topic, self.partition)
            self._facts_read = facts[-1].offset + 1
            facts = self._take_back_facts(facts)
        if not events and not facts and not self.is_behind:
            return None
        step = Step(self.progress)
        changes = Changes()
        self._process_events(events, step, changes)
        timers = self._process_facts(facts, step, changes)
        for letter in step.dead:
            changes.additions.count(m.DEAD_LETTERS, (letter.reason,))
        self._write(step, changes, timers, events, facts)
        return step

    def committed(self, step: Step) -> None:
        """Go on from a step, now that it is durable and on the shelf."""
        self.progress = step.progress
        for kept, states in zip(self._kept, step.touched.all(), strict=True):
            kept.committed(states)
            kept.forget(step.expired)

    def _keep(self, name: str, codec: Codec[Any]) -> KeptStates[Any]:
        kept: KeptStates[Any] = KeptStates(
            self._shelf, _LETTERS[name], codec, _CACHED // len(_LETTERS) // self._partitions
        )
        self._kept.append(kept)
        return kept

    def _check(self) -> None:
        windows, partitions = self.progress.windows, len(self.progress.watermarks)
        if windows != self._windows:
            was, now = ", ".join(windows), ", ".join(self._windows)
            msg = f"windows: this application was begun with {was}, not {now}; set those, or name another application"
            raise StorageError(msg)
        if partitions != self._partitions:
            msg = (
                f"kafka.partitions: this application was begun with {partitions}, not {self._partitions}; set that, or"
                " name another application with topics of its own"
            )
            raise StorageError(msg)
        report = self._shelf.get(LEDGER + REPORT)
        told = 0 if report is None else orjson.loads(report)["sequence"]
        if told != self.progress.sequence:
            msg = (
                f"partition {self.partition}: its state is of transaction {self.progress.sequence}, its ledger of"
                f" {told}: one of their topics was deleted or put back; name another application with topics of its own"
            )
            raise StorageError(msg)

    # -- events ---------------------------------------------------------------------------------------------------

    def _take_back_events(self, records: Sequence[Incoming]) -> Sequence[Incoming]:
        known = self.progress.events_next
        if records[0].offset >= known:
            return records
        self._intake.hold(_received([one for one in records if one.offset < known]))
        return [one for one in records if one.offset >= known]

    def _process_events(self, records: Sequence[Incoming], step: Step, changes: Changes) -> None:
        if not records:
            return
        intake = self._intake
        before = intake.sequencer.watermark
        refused: list[Refused] = []
        telling: dict[int, list[codec.Plain]] = {}
        for release in intake.order(_received(records), changes, refused):
            for fact in intake.process(release, step.touched, changes):
                at = release.watermark if release.late else fact.occurred_at
                frozen = f.freeze(fact, at, late=release.late)
                telling.setdefault(f.partition_of(fact.customer_id, self._partitions), []).append(frozen)
        if refused:
            keys = {record.offset: record.key for record in records}
            step.dead += self._dead(self._events_topic, refused, keys)
        step.dead += self._dead(self._events_topic, reject(changes, records[-1].offset, records[-1].timestamp))
        showing: dict[int, list[Preview]] = {}
        for preview in intake.show(step.touched):
            showing.setdefault(f.partition_of(preview.contact.customer_id, self._partitions), []).append(preview)
        step.packs = list(self._pack(telling, showing, before, intake.sequencer.watermark))

    def _pack(
        self,
        telling: Mapping[int, list[codec.Plain]],
        showing: Mapping[int, list[Preview]],
        before: Millis,
        watermark: Millis,
    ) -> Iterator[tuple[int, bytes]]:
        """Pack facts for the partitions of their customers. Where time has moved on, every partition is told."""
        for to in range(self._partitions):
            frozen, shown = telling.get(to, []), showing.get(to, [])
            if frozen or shown or watermark != before:
                yield from ((to, record) for record in f.parted(self.partition, before, watermark, frozen, shown))

    # -- facts ----------------------------------------------------------------------------------------------------

    def _take_back_facts(self, records: Sequence[Incoming]) -> Sequence[Incoming]:
        known = self.progress.facts_next
        if records[0].offset >= known:
            return records
        for record in records:
            if record.offset < known:
                self._merger.hold(f.unpack(record.value or b"", record.offset).told)
        return [one for one in records if one.offset >= known]

    def _process_facts(self, records: Sequence[Incoming], step: Step, changes: Changes) -> DueTimers:
        shown: list[Preview] = []
        for record in records:
            source, watermark, told, ahead = f.unpack(record.value or b"", record.offset)
            self._merger.tell(source, watermark, told)
            shown += ahead
        due = self._settle(step, changes) if self.is_behind else DueTimers(Timers(BEGINNING), [])
        self._intake.nudge_ahead(shown, self._merger.settled, step.touched, changes)
        step.outcomes = [(_key(outcome), encode_outcome(outcome)) for outcome in changes.outcomes]
        step.nudges = [(_key(nudge), encode_nudge(nudge)) for nudge in changes.nudges]
        last = records[-1].offset if records else self.progress.facts_next - 1
        step.dead += self._dead(self._facts_topic, reject(changes, last, records[-1].timestamp if records else 0))
        return due

    def _settle(self, step: Step, changes: Changes) -> DueTimers:
        """Have journeys take what every partition has told up to, and what is due by then; much of it takes steps."""
        due = DueTimers.load(self._shelf, self.progress.settled, self._merger.watermark, _MOST_DUE)
        work = Work(step.touched.journeys, due.timers, changes)
        self._intake.journey_states.load(step.touched.journeys, due.timers.keys())
        for facts, watermark, late in self._merger.release(due.timers.horizon):
            self._intake.journey_states.load(step.touched.journeys, self._intake.journeys.keys(facts))
            self._intake.journeys.process(facts, watermark, work, late=late)
        return due

    # -- what to write --------------------------------------------------------------------------------------------

    def _dead(
        self, topic: str, refused: Iterable[Refused], keys: Mapping[int, bytes | None] = {}
    ) -> Iterator[DeadLetter]:
        for offset, received_at, reason, detail, record in refused:
            yield DeadLetter(
                value=record,
                key=keys.get(offset),
                topic=topic,
                partition=self.partition,
                offset=offset,
                reason=reason,
                detail=detail,
                received_at=received_at,
            )

    def _write(
        self, step: Step, changes: Changes, due: DueTimers, events: Sequence[Incoming], facts: Sequence[Incoming]
    ) -> None:
        before = self.progress
        touched = list(zip(self._kept, step.touched.all(), strict=True))
        sequencer = self._intake.sequencer
        step.expired = self._sweep(step)
        events_next = events[-1].offset + 1 if events else before.events_next
        facts_next = facts[-1].offset + 1 if facts else before.facts_next
        step.progress = Progress(
            before.sequence + 1,
            events_next,
            _low(before.events_low, before.events_next, self._events_read, events_next, sequencer.low_offset),
            facts_next,
            _low(before.facts_low, before.facts_next, self._facts_read, facts_next, self._merger.low_offset),
            sequencer.watermark,
            list(self._merger.watermarks),
            self._merger.settled,
            self._labels.snapshot(),
            self._windows,
            before.states + sum(kept.growth(states) for kept, states in touched) - len(step.expired),
            before.timers + due.growth(self._shelf),
            self._intake.throttle.snapshot(),
        )
        step.state = [
            *(write for kept, states in touched for write in kept.writes(states)),
            *due.writes(),
            *((key, None) for key in step.expired),
            (PROGRESS, step.progress.dump()),
        ]
        step.ledger = [
            *self._totals.writes(changes.additions),
            *self._trim(before, step.progress),
            (REPORT, step.progress.report()),
        ]

    def _sweep(self, step: Step) -> list[bytes]:
        """Find states that nothing can change any more, and that this step has not touched."""
        before, watermark, known = self.progress, self._merger.settled, self._intake.sequencer.watermark
        passed = 0 if before.settled == BEGINNING else watermark - before.settled
        now = {letter: watermark if name == "journeys" else known for name, letter in _LETTERS.items()}
        in_use = {kept.letter: states.loaded for kept, states in zip(self._kept, step.touched.all(), strict=True)}
        expired = self._sweeping.look(before.states, passed, now)
        return [key for key in expired if key[1:].decode() not in in_use[key[:1]]]

    def _trim(self, before: Progress, now: Progress) -> list[Write]:
        """Once an hour of the log's time, let go of the ledger's oldest hours and slots."""
        was, watermark = before.settled, now.settled
        if watermark == BEGINNING or (was != BEGINNING and hour_of(was) == hour_of(watermark)):
            return []
        return self._totals.trim(hour_of(watermark - COHORTS_KEPT), slot_of(watermark - SLOTS_KEPT))


def _low(low: int, known: int, read: int, following: int, held: int | None) -> int:
    """Return from where a restart must read: what is held still, all of it unless it has been taken back already."""
    if read < known:
        return low
    return following if held is None else held


def _key(told: Outcome | Nudge | SpikeNudge) -> bytes:
    """Return the key of a record that is told: whose it is, a stranger's contact, or the queue that it is about."""
    if isinstance(told, VerdictReached):
        return told.of.customer_id.encode()
    if isinstance(told, NudgeWithdrawn):
        return told.customer_id.encode()
    contact = None if isinstance(told, SpikeNudge) else told.contact
    if contact is not None:
        return (contact.customer_id or contact.contact_id).encode()
    return told.place[0].encode() if isinstance(told, SpikeNudge | NudgeResponded) else b""


def _received(records: Iterable[Incoming]) -> list[Received]:
    return [Received(record.offset, record.timestamp, record.value or b"") for record in records]
