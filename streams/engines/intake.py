"""What every engine does with a partition's events: decodes and orders them, has contacts and agents fold them.

What comes of it are facts about customers, which journeys take further: at once, or in another partition.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol, cast, get_args

from streams.contracts.decode import BadRecord, decode
from streams.contracts.encode import encode
from streams.domain import measures as m
from streams.domain.contact import ContactFold
from streams.domain.events import (
    TYPE_OF,
    AgentEvent,
    ContactEvent,
    CustomerEvent,
    Event,
)
from streams.domain.journey import Journey
from streams.domain.labels import LabelBudget
from streams.domain.ledger import Additions
from streams.domain.policy import Policy
from streams.domain.throttle import Sent, Throttle
from streams.domain.units import Millis
from streams.domain.watermark import BEGINNING, Release, Sequencer
from streams.engines.states import Codec, StateCache
from streams.processors import codec
from streams.processors.agents import AGENT_EVENTS, Agent, Agents
from streams.processors.ahead import Ahead
from streams.processors.alarms import SPIKE_EVENTS, Alarm, Alarms, is_of_spike
from streams.processors.changes import Changes, States
from streams.processors.contacts import CONTACT_EVENTS, Contacts
from streams.processors.facts import Fact
from streams.processors.journeys import Journeys
from streams.processors.previews import Preview, Previews

_HISTORY: Final = -BEGINNING
"""Since when what is taken back after a restart would be news: nothing of it is."""

CUSTOMER_EVENTS: Final[frozenset[type]] = frozenset(get_args(CustomerEvent))


class Received(NamedTuple):
    """A record as it came, with its place in the partition."""

    offset: int
    received_at: Millis
    value: bytes


class Refused(NamedTuple):
    """A record about to become a dead letter."""

    offset: int
    received_at: Millis
    reason: str
    detail: str
    record: bytes


@dataclass(slots=True)
class Touched:
    """The states that a batch touches."""

    contacts: States[ContactFold] = field(default_factory=lambda: States({}))
    journeys: States[Journey] = field(default_factory=lambda: States({}))
    agents: States[Agent] = field(default_factory=lambda: States({}))
    alarms: States[Alarm] = field(default_factory=lambda: States({}))

    def all(self) -> tuple[States[Any], ...]:
        """Return them in the order in which their stores are asked for."""
        return self.contacts, self.journeys, self.agents, self.alarms


class Stores(Protocol):
    """Where the states of each processor are kept."""

    def __call__(self, name: str, codec: Codec[Any]) -> StateCache[Any]:
        """Return the store of ``contacts``, ``journeys``, ``agents`` or ``alarms``."""


class Intake:
    """The processors of a partition, the stores of their states, and the events that wait for the watermark."""

    def __init__(
        self, policy: Policy, labels: LabelBudget, sent: Iterable[Sent], watermark: Millis, stores: Stores
    ) -> None:
        self.sequencer = Sequencer(policy.lateness, policy.leap, watermark)
        self.throttle = Throttle(policy.nudging)
        self.throttle.restore(sent)
        self._expiry = policy.nudging.expiry
        self._contacts = Contacts(policy, labels)
        self._agents = Agents(policy, labels)
        self._alarms = Alarms(policy, labels)
        self._ahead = Ahead(policy, labels)
        self._previews = Previews(policy, self.throttle)
        self.journeys = Journeys(policy, self.throttle)
        contacts = Codec(codec.freeze_contact, self._thaw_contact, self._contacts.expires_at)
        journeys = Codec(codec.freeze_journey, codec.thaw_journey, self.journeys.expires_at)
        agents = Codec(codec.freeze_agent, codec.thaw_agent, self._agents.expires_at)
        alarms = Codec(codec.freeze_alarm, codec.thaw_alarm, self._alarms.expires_at)
        self.contact_states: StateCache[ContactFold] = stores("contacts", contacts)
        self.journey_states: StateCache[Journey] = stores("journeys", journeys)
        self.agent_states: StateCache[Agent] = stores("agents", agents)
        self.alarm_states: StateCache[Alarm] = stores("alarms", alarms)

    def hold(self, records: Iterable[Received]) -> None:
        """Take back events that were processed before and whose time had not come."""
        events = list(_decode(records, []))
        self.sequencer.hold(events)
        offsets = {offset for offset, _ in events}
        held = (held.event for held in self.sequencer.held if held.offset in offsets)
        self._ahead.hold(held, self.sequencer.watermark, since=_HISTORY)

    def order(self, records: Sequence[Received], changes: Changes, refused: list[Refused]) -> list[Release]:
        """Decode records, count them, and return what is in order now, or too late for it."""
        events = list(_decode(records, refused))
        duplicates: list[Event] = []
        releases = list(self.sequencer.push(events, duplicates))
        _count(changes.additions, m.EVENTS, (event for _, event in events))
        _count(changes.additions, m.DUPLICATES, duplicates)
        for release in releases:
            if release.late:
                _count(changes.additions, m.LATE, release.events)
        if records:
            again = set(map(id, duplicates))
            taken = (event for _, event in events if id(event) not in again)
            self._ahead.hold(taken, self.sequencer.watermark, since=records[-1].received_at - self._expiry)
        return releases

    def process(self, release: Release, touched: Touched, changes: Changes) -> Sequence[Fact]:
        """Have contacts and agents fold what was released; return what that says about customers."""
        self.contact_states.load(touched.contacts, self._contacts.keys(release.events))
        self.agent_states.load(touched.agents, self._agents.keys(release.events))
        self.alarm_states.load(touched.alarms, self._alarms.keys(release.events))
        facts: list[Fact] = []
        for event in release.events:  # in one pass: label values are admitted in the order of events, whoever has them
            kind = type(event)
            if kind in SPIKE_EVENTS and is_of_spike(event):
                self._alarms.take(event, release, touched.alarms, changes)
            elif kind in CONTACT_EVENTS:
                self._contacts.take(cast("ContactEvent", event), release, touched.contacts, changes, facts)
            elif kind in CUSTOMER_EVENTS:
                facts.append(cast("CustomerEvent", event))
            elif kind in AGENT_EVENTS:
                self._agents.take(cast("AgentEvent", event), release, touched.agents, changes)
        return facts

    def show(self, touched: Touched) -> list[Preview]:
        """Return the contacts that what was read last, and is not in order yet, is about: as they will be known."""
        fresh = self._ahead.fresh
        if not fresh:
            return []
        self.contact_states.load(touched.contacts, fresh)
        return self._ahead.show(touched.contacts.loaded, self.sequencer.watermark)

    def nudge_ahead(self, shown: Sequence[Preview], settled: Millis, touched: Touched, changes: Changes) -> None:
        """Tell, ahead of time, the nudges that contacts call for as they will be known."""
        if shown:
            self.journey_states.load(touched.journeys, {preview.contact.customer_id for preview in shown})
            changes.nudges += self._previews.take(shown, settled, touched.journeys)

    def _thaw_contact(self, plain: codec.Plain) -> ContactFold:
        return self._contacts.restore(codec.thaw_contact_events(plain))


def reject(changes: Changes, offset: int, received_at: Millis) -> Iterator[Refused]:
    """Return as refused records what the processors could not use, to be found by the last record of its batch."""
    for event, reason, detail in changes.rejected:
        yield Refused(offset, received_at or event.occurred_at, reason, detail, encode(event))
    changes.rejected.clear()


def _decode(records: Iterable[Received], refused: list[Refused]) -> Iterator[tuple[int, Event]]:
    for offset, received_at, value in records:
        try:
            yield offset, decode(value, received_at)
        except BadRecord as bad:
            refused.append(Refused(offset, received_at, bad.reason, bad.detail, value))


def _count(to: Additions, measure: str, events: Iterable[Event]) -> None:
    for kind, n in Counter(map(type, events)).items():
        to.count(measure, (TYPE_OF[kind],), n)
