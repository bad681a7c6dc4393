"""One partition of the log, its processors and their state: what a batch does, from records to rows."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.contracts.decode import BadRecord, decode
from streams.contracts.encode import encode
from streams.contracts.outcomes import encode_outcome
from streams.domain import measures as m
from streams.domain.contact import ContactFold
from streams.domain.events import TYPE_OF, Event
from streams.domain.journey import Journey
from streams.domain.labels import LabelBudget
from streams.domain.ledger import hour_of
from streams.domain.policy import Policy
from streams.domain.units import DAY, Millis
from streams.domain.watermark import BEGINNING, Release, Sequencer
from streams.engines.embedded import dead_letters, ledger
from streams.engines.embedded.dead_letters import Refused
from streams.engines.embedded.log import Record, SegmentTable
from streams.engines.embedded.progress import Progress, read_progress, write_progress
from streams.engines.embedded.state import Codec, StateTable, load_timers, save_timers
from streams.processors import codec
from streams.processors.agents import Agent, Agents
from streams.processors.changes import Changes, States, Timers, Work
from streams.processors.contacts import Contacts
from streams.processors.journeys import Journeys

HOURS_KEPT = 62 * DAY
"""How long entries of an hour are kept: the longest window, the longest period of an estimate, and some more."""


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
    contacts: States[ContactFold] = field(default_factory=lambda: States({}))
    journeys: States[Journey] = field(default_factory=lambda: States({}))
    agents: States[Agent] = field(default_factory=lambda: States({}))
    timers: Timers = field(default_factory=lambda: Timers(BEGINNING))
    changes: Changes = field(default_factory=Changes)


class Partition:
    """Made from what the last commit left. After a batch that was not committed, make it anew."""

    def __init__(self, connection: sqlite3.Connection, policy: Policy, kept: Retention) -> None:
        self.log = SegmentTable(connection, "log")
        self.outbox = SegmentTable(connection, "outbox")
        self.progress = read_progress(connection)
        self._connection = connection
        self._windows = {window.name: window.length for window in policy.windows}
        if self.progress.windows not in ({}, self._windows):
            raise OtherWindowsError(self.progress.windows)
        self._policy = policy
        self._kept = kept
        self._labels = LabelBudget(policy, {name: list(values) for name, values in self.progress.labels.items()})
        self._contacts = Contacts(policy, self._labels)
        self._agents = Agents(policy, self._labels)
        self._journeys = Journeys(policy)
        contacts = Codec(codec.freeze_contact, self._thaw_contact, self._contacts.expires_at)
        journeys = Codec(codec.freeze_journey, codec.thaw_journey, self._journeys.expires_at)
        agents = Codec(codec.freeze_agent, codec.thaw_agent, self._agents.expires_at)
        self._contact_states: StateTable[ContactFold] = StateTable(connection, "contacts", contacts)
        self._journey_states: StateTable[Journey] = StateTable(connection, "journeys", journeys)
        self._agent_states: StateTable[Agent] = StateTable(connection, "agents", agents)
        watermark = self.progress.watermark
        self._sequencer = Sequencer(policy.lateness, policy.leap, BEGINNING if watermark is None else watermark)
        unreleased = self.log.read(self.progress.low, self.progress.next - self.progress.low)
        self._sequencer.hold(self._decode(unreleased, []))

    @property
    def latest(self) -> Millis | None:
        """The latest time of which the log has told; ``None`` while it is empty."""
        if self._sequencer.latest is not None:
            return self._sequencer.latest
        watermark = self._sequencer.watermark
        return None if watermark == BEGINNING else watermark - 1

    def process(self, records: Sequence[Record], advance_to: Millis | None = None) -> Batch:
        """Process records of the log, and then let time pass to ``advance_to``. Reads state, writes nothing."""
        after, received_at = (records[-1].offset + 1, records[-1].received_at) if records else (self.progress.next, 0)
        batch = Batch(after, received_at, [])
        to = batch.changes.additions
        events = list(self._decode(records, batch.refused))
        duplicates: list[Event] = []
        releases = list(self._sequencer.push(events, duplicates))
        if advance_to is not None:
            releases.append(self._sequencer.advance(advance_to))
        for kind, n in Counter(type(event) for _, event in events).items():
            to.count(m.EVENTS, (TYPE_OF[kind],), n)
        for event in duplicates:
            to.count(m.DUPLICATES, (TYPE_OF[type(event)],))
        batch.timers = load_timers(self._connection, self._sequencer.watermark)
        for release in releases:
            self._process_release(release, batch)
        for event, reason, detail in batch.changes.rejected:
            batch.refused.append(Refused(after - 1, received_at or event.occurred_at, reason, detail, encode(event)))
        for letter in batch.refused:
            to.count(m.DEAD_LETTERS, (letter.reason,))
        return batch

    def _process_release(self, release: Release, batch: Batch) -> None:
        if release.late:
            for event in release.events:
                batch.changes.additions.count(m.LATE, (TYPE_OF[type(event)],))
        self._contact_states.load(batch.contacts, self._contacts.keys(release.events))
        self._agent_states.load(batch.agents, self._agents.keys(release.events))
        facts = self._contacts.process(release, batch.contacts, batch.changes)
        self._agents.process(release, batch.agents, batch.changes)
        self._journey_states.load(batch.journeys, self._journeys.keys(facts))
        work = Work(batch.journeys, batch.timers, batch.changes)
        self._journeys.process(facts, release.watermark, work, late=release.late)

    def save(self, batch: Batch, source: Mapping[str, int] | None) -> Progress:
        """Write a batch in the caller's transaction: state, ledger, outcomes, dead letters, the place in the log."""
        watermark = self._sequencer.watermark
        low = self._sequencer.low_offset
        progress = Progress(
            batch.after,
            batch.after if low is None else low,
            None if watermark == BEGINNING else watermark,
            self._labels.snapshot(),
            self.progress.source if source is None else source,
            self._windows,
        )
        self._contact_states.save(batch.contacts)
        self._journey_states.save(batch.journeys)
        self._agent_states.save(batch.agents)
        save_timers(self._connection, batch.timers)
        ledger.add(self._connection, batch.changes.additions)
        dead_letters.add(self._connection, batch.refused)
        if batch.changes.outcomes:
            encoded = [encode_outcome(outcome) for outcome in batch.changes.outcomes]
            self.outbox.append(encoded, watermark, self.outbox.end())
        self._forget(progress, batch.received_at)
        write_progress(self._connection, progress)
        return progress

    def committed(self, batch: Batch, progress: Progress) -> None:
        """Go on from a batch, now that it is durable."""
        self.progress = progress
        self._contact_states.committed(batch.contacts)
        self._journey_states.committed(batch.journeys)
        self._agent_states.committed(batch.agents)

    def _thaw_contact(self, plain: codec.Plain) -> ContactFold:
        return self._contacts.restore(codec.thaw_contact_events(plain))

    def _forget(self, progress: Progress, received_at: Millis) -> None:
        """Once an hour of the log's time, let go of what is no longer needed."""
        watermark, before = progress.watermark, self.progress.watermark
        if watermark is None or (before is not None and hour_of(watermark) == hour_of(before)):
            return
        for states in (self._contact_states, self._journey_states, self._agent_states):
            states.expire(watermark)
        ledger.trim(self._connection, hour_of(watermark - HOURS_KEPT))
        if self._kept.log is not None:
            self.log.trim(progress.low, received_at - self._kept.log)
        if self._kept.outcomes is not None:
            self.outbox.trim(self.outbox.end(), watermark - self._kept.outcomes)

    def _decode(self, records: Iterable[Record], refused: list[Refused]) -> Iterator[tuple[int, Event]]:
        for offset, received_at, value in records:
            try:
                yield offset, decode(value, received_at)
            except BadRecord as bad:
                refused.append(Refused(offset, received_at, bad.reason, bad.detail, value))
