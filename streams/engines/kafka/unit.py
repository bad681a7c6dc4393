"""One partition's share of the work: what a batch of its events and facts comes to, from records to records."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from streams.contracts.decode import BadRecord, decode
from streams.contracts.encode import encode
from streams.contracts.outcomes import encode_outcome
from streams.domain import measures as m
from streams.domain.contact import ContactFold
from streams.domain.events import TYPE_OF, Event
from streams.domain.journey import Journey
from streams.domain.labels import LabelBudget
from streams.domain.ledger import Additions, hour_of
from streams.domain.outcomes import Outcome, VerdictReached
from streams.domain.policy import Policy
from streams.domain.units import DAY, Millis
from streams.domain.watermark import BEGINNING, Release, Sequencer
from streams.engines.kafka import facts as f
from streams.engines.kafka.keeping import PROGRESS, REPORT, DueTimers, KeptStates, Progress, Totals, expiry
from streams.engines.kafka.shelf import Shelf, Write
from streams.engines.port import StorageError
from streams.engines.states import Codec
from streams.processors import codec
from streams.processors.agents import Agent, Agents
from streams.processors.changes import Changes, Rejected, States, Timers, Work
from streams.processors.contacts import Contacts
from streams.processors.journeys import Journeys
from streams.processors.merging import Merger

HOURS_KEPT: Final = 62 * DAY
"""How long entries of an hour are kept: the longest window, the longest period of an estimate, and some more."""

_AGENTS, _CONTACTS, _JOURNEYS = b"a", b"c", b"j"
_BEYOND_STATES: Final = b"k"
_CACHED: Final = 10_000
_SWEPT: Final = 200
"""How many states are looked at in each step for whether they have expired."""
_PACKED: Final = 250
"""Most facts in one record, so that it stays well below what a broker takes."""


class Incoming(Protocol):
    """A record as Kafka delivers it."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> Millis:
        """When it was written, by the clock of the producer or of the broker."""

    @property
    def key(self) -> bytes | None:
        """Its key."""

    @property
    def value(self) -> bytes | None:
        """What it holds."""


class DeadRecord(NamedTuple):
    """A record that could not be used, as it came, and why."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    reason: str
    detail: str


@dataclass(slots=True)
class Step:
    """What a batch came to: what has to be written in one transaction, and is nothing before."""

    progress: Progress
    state: list[Write] = field(default_factory=list)
    ledger: list[Write] = field(default_factory=list)
    packs: list[tuple[int, bytes]] = field(default_factory=list)
    outcomes: list[tuple[bytes | None, bytes]] = field(default_factory=list)
    dead: list[DeadRecord] = field(default_factory=list)
    contacts: States[ContactFold] = field(default_factory=lambda: States({}))
    journeys: States[Journey] = field(default_factory=lambda: States({}))
    agents: States[Agent] = field(default_factory=lambda: States({}))
    expired: list[bytes] = field(default_factory=list)


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
            StorageError: what is on the shelf was begun with other windows or another number of partitions.
        """
        self.partition = partition
        self._partitions = partitions
        self._shelf = shelf
        self._events_topic, self._facts_topic = topics
        self._windows = {window.name: window.length for window in policy.windows}
        raw = shelf.get(PROGRESS)
        beginning = [BEGINNING] * partitions
        self.progress = (
            Progress(0, 0, 0, 0, 0, BEGINNING, beginning, {}, self._windows, 0, 0)
            if raw is None
            else Progress.load(raw)
        )
        self._check()
        progress = self.progress
        self._labels = LabelBudget(policy, {name: list(values) for name, values in progress.labels.items()})
        self._sequencer = Sequencer(policy.lateness, policy.leap, progress.watermark)
        self._merger = Merger(list(progress.watermarks))
        self._contacts = Contacts(policy, self._labels)
        self._agents = Agents(policy, self._labels)
        self._journeys = Journeys(policy)
        contacts = Codec(codec.freeze_contact, self._thaw_contact, self._contacts.expires_at)
        journeys = Codec(codec.freeze_journey, codec.thaw_journey, self._journeys.expires_at)
        agents = Codec(codec.freeze_agent, codec.thaw_agent, self._agents.expires_at)
        self._contact_states: KeptStates[ContactFold] = KeptStates(shelf, _CONTACTS, contacts, _CACHED)
        self._journey_states: KeptStates[Journey] = KeptStates(shelf, _JOURNEYS, journeys, _CACHED)
        self._agent_states: KeptStates[Agent] = KeptStates(shelf, _AGENTS, agents, _CACHED)
        self._events_read, self._facts_read = progress.events_low, progress.facts_low
        self._totals = Totals(shelf)
        self._sweeping = b""

    @property
    def reading(self) -> tuple[int, int]:
        """The offsets of events and of facts that are to be read next."""
        return self._events_read, self._facts_read

    @property
    def processed(self) -> tuple[int, int]:
        """The offsets after the last events and facts that were processed and are durable."""
        return self.progress.events_next, self.progress.facts_next

    def process(self, events: Sequence[Incoming], facts: Sequence[Incoming]) -> Step | None:
        """Process records of the partition's events and facts, in the order of their offsets.

        Records that were processed before and of which something is still held are recognised. Return ``None`` where
        nothing is left to be written.
        """
        if events:
            self._events_read = events[-1].offset + 1
            events = self._take_back_events(events)
        if facts:
            self._facts_read = facts[-1].offset + 1
            facts = self._take_back_facts(facts)
        if not events and not facts:
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
        for kept, states in self._kept(step):
            kept.committed(states)
            kept.forget(step.expired)

    def _kept(self, step: Step) -> tuple[tuple[KeptStates[Any], States[Any]], ...]:
        return (
            (self._contact_states, step.contacts),
            (self._journey_states, step.journeys),
            (self._agent_states, step.agents),
        )

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

    # -- events ---------------------------------------------------------------------------------------------------

    def _take_back_events(self, records: Sequence[Incoming]) -> Sequence[Incoming]:
        known = self.progress.events_next
        if records[0].offset >= known:
            return records
        self._sequencer.hold(self._decode([one for one in records if one.offset < known], []))
        return [one for one in records if one.offset >= known]

    def _process_events(self, records: Sequence[Incoming], step: Step, changes: Changes) -> None:
        if not records:
            return
        to = changes.additions
        before = self._sequencer.watermark
        events = list(self._decode(records, step.dead))
        duplicates: list[Event] = []
        telling: dict[int, list[codec.Plain]] = {}
        for release in self._sequencer.push(events, duplicates):
            self._process_release(release, step, changes, telling)
        for kind, n in Counter(type(event) for _, event in events).items():
            to.count(m.EVENTS, (TYPE_OF[kind],), n)
        for event in duplicates:
            to.count(m.DUPLICATES, (TYPE_OF[type(event)],))
        step.dead += self._reject(changes, self._events_topic, records[-1].offset)
        step.packs = list(self._pack(telling, before, self._sequencer.watermark))

    def _process_release(
        self, release: Release, step: Step, changes: Changes, telling: dict[int, list[codec.Plain]]
    ) -> None:
        if release.late:
            for event in release.events:
                changes.additions.count(m.LATE, (TYPE_OF[type(event)],))
        self._contact_states.load(step.contacts, self._contacts.keys(release.events))
        self._agent_states.load(step.agents, self._agents.keys(release.events))
        told = self._contacts.process(release, step.contacts, changes)
        self._agents.process(release, step.agents, changes)
        for fact in told:
            at = release.watermark if release.late else fact.occurred_at
            frozen = f.freeze(fact, at, late=release.late)
            telling.setdefault(f.partition_of(fact.customer_id, self._partitions), []).append(frozen)

    def _pack(
        self, telling: dict[int, list[codec.Plain]], before: Millis, watermark: Millis
    ) -> Iterator[tuple[int, bytes]]:
        """Pack facts for the partitions of their customers. Where time has moved on, every partition is told."""
        for to in range(self._partitions):
            frozen = telling.get(to, [])
            while len(frozen) > _PACKED:
                yield to, f.pack(self.partition, before, frozen[:_PACKED])
                frozen = frozen[_PACKED:]
            if frozen or watermark != before:
                yield to, f.pack(self.partition, watermark, frozen)

    def _decode(self, records: Iterable[Incoming], dead: list[DeadRecord]) -> Iterator[tuple[int, Event]]:
        for record in records:
            try:
                yield record.offset, decode(record.value or b"", record.timestamp)
            except BadRecord as bad:
                topic = self._events_topic
                dead.append(DeadRecord(topic, record.offset, record.key, record.value, bad.reason, bad.detail))

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
        for record in records:
            self._merger.tell(*f.unpack(record.value or b"", record.offset))
        runs = self._merger.release() if records else []
        due = DueTimers.load(self._shelf, self._merger.watermark) if records else DueTimers(Timers(BEGINNING), [])
        work = Work(step.journeys, due.timers, changes)
        for facts, watermark, late in runs:
            self._journey_states.load(step.journeys, self._journeys.keys(facts))
            self._journeys.process(facts, watermark, work, late=late)
        step.outcomes = [(_key(outcome), encode_outcome(outcome)) for outcome in changes.outcomes]
        if records:
            step.dead += self._reject(changes, self._facts_topic, records[-1].offset)
        return due

    # -- what to write --------------------------------------------------------------------------------------------

    def _reject(self, changes: Changes, topic: str, offset: int) -> list[DeadRecord]:
        """Turn what the processors could not use into dead letters, found by the last record that was processed."""
        rejected: list[Rejected] = changes.rejected[:]
        changes.rejected.clear()
        return [DeadRecord(topic, offset, None, encode(event), why, detail) for event, why, detail in rejected]

    def _write(
        self, step: Step, changes: Changes, due: DueTimers, events: Sequence[Incoming], facts: Sequence[Incoming]
    ) -> None:
        before = self.progress
        step.expired = self._sweep(step)
        events_next = events[-1].offset + 1 if events else before.events_next
        facts_next = facts[-1].offset + 1 if facts else before.facts_next
        step.progress = Progress(
            before.sequence + 1,
            events_next,
            _low(before.events_low, before.events_next, self._events_read, events_next, self._sequencer.low_offset),
            facts_next,
            _low(before.facts_low, before.facts_next, self._facts_read, facts_next, self._merger.low_offset),
            self._sequencer.watermark,
            list(self._merger.watermarks),
            self._labels.snapshot(),
            self._windows,
            before.states + sum(kept.growth(states) for kept, states in self._kept(step)) - len(step.expired),
            before.timers + due.growth(),
        )
        step.state = [
            *(write for kept, states in self._kept(step) for write in kept.writes(states)),
            *due.writes(),
            *((key, None) for key in step.expired),
            (PROGRESS, step.progress.dump()),
        ]
        step.ledger = [
            *self._totals.writes(changes.additions),
            *self._trim(before, step.progress, changes.additions),
            (REPORT, step.progress.report()),
        ]

    def _sweep(self, step: Step) -> list[bytes]:
        """Find states that nothing can change any more, by looking at a few of all at each step."""
        now = {
            _CONTACTS: self._sequencer.watermark,
            _JOURNEYS: self._merger.watermark,
            _AGENTS: self._sequencer.watermark,
        }
        in_use = {kept.letter: states.loaded for kept, states in self._kept(step)}
        expired: list[bytes] = []
        self._sweeping, start = b"", self._sweeping
        for n, (key, value) in enumerate(self._shelf.between(start, _BEYOND_STATES)):
            letter = key[:1]
            if letter in now and expiry(value) <= now[letter] and key[1:].decode() not in in_use[letter]:
                expired.append(key)
            if n == _SWEPT:
                self._sweeping = key
                break
        return expired

    def _trim(self, before: Progress, now: Progress, additions: Additions) -> list[Write]:
        """Once an hour of the log's time, let go of the ledger's oldest hours."""
        was, watermark = min(before.watermarks), min(now.watermarks)
        if watermark == BEGINNING or (was != BEGINNING and hour_of(was) == hour_of(watermark)):
            return []
        return self._totals.trim(hour_of(watermark - HOURS_KEPT), additions)

    def _thaw_contact(self, plain: codec.Plain) -> ContactFold:
        return self._contacts.restore(codec.thaw_contact_events(plain))


def _low(low: int, known: int, read: int, following: int, held: int | None) -> int:
    """Return from where a restart must read: what is held still, all of it unless it has been taken back already."""
    if read < known:
        return low
    return following if held is None else held


def _key(outcome: Outcome) -> bytes:
    """Return the key of a record of the outcomes topic: whose it is."""
    of = outcome.of if isinstance(outcome, VerdictReached) else outcome.contact
    return of.customer_id.encode()
