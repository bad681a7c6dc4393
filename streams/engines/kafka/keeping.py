"""What a unit keeps on its shelf, key by key: states, timers, the ledger's totals, and how far it has come.

A key begins with a letter that says what it is. Keys and values are the same on the shelf and in the changelogs, but
those of the ledger's topic come without their letter.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import orjson

from streams.domain.ledger import TOTALS, Additions, Exemplar, Labels
from streams.domain.nudges import Watch
from streams.domain.throttle import Sent
from streams.domain.units import Millis
from streams.engines.kafka.layout import mark, unmark
from streams.engines.kafka.shelf import Shelf, Write
from streams.engines.states import Codec, StateCache, dumps
from streams.processors.changes import States, TimerKey, Timers
from streams.processors.codec import thaw_timer

S = TypeVar("S")

LEDGER: Final = b"l"
PROGRESS: Final = b"p"
_TIMERS: Final = b"t"
_EXPIRY_BYTES: Final = 8
_DUE_BYTES: Final = len(_TIMERS) + _EXPIRY_BYTES
_MOST_CACHED: Final = 150_000
"""How many totals all partitions together keep at hand."""
_SIGNS: Final = (1, -1)
"""Of hours, and of slots, whose keys sort by age all the same: in the bytes the sign comes first."""
_EXEMPLAR: Final = "exemplar"
REPORT: Final = b'["progress"]'
"""The key of the ledger's topic under which each partition says how far it is. It ends what one transaction wrote."""
EXEMPLARS: Final = b'["' + _EXEMPLAR.encode() + b'"'
"""How keys of the ledger begin that name the contact which stands for a bucket."""


class KeptStates(StateCache[S]):
    """The states of one processor. A value begins with the time from which it need not be kept."""

    def __init__(self, shelf: Shelf, letter: bytes, codec: Codec[S], cached: int) -> None:
        self._shelf = shelf
        self.letter = letter
        super().__init__(codec, self._get, cached)

    def _get(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        letter = self.letter
        values = self._shelf.get_many([letter + key.encode() for key in keys])
        for key, value in zip(keys, values, strict=True):
            if value is not None:
                yield key, value[_EXPIRY_BYTES:]

    def writes(self, states: States[S]) -> list[Write]:
        """Return what was changed."""
        letter = self.letter
        return [
            (letter + key.encode(), None if value is None else pack_time(expires_at) + value)
            for key, expires_at, value in self.changed(states)
        ]

    def forget(self, keys: Iterable[bytes]) -> None:
        """Let go of what was deleted from the shelf."""
        for key in keys:
            if key.startswith(self.letter):
                self._cache.pop(key[len(self.letter) :].decode(), None)


def expiry(value: bytes) -> Millis:
    """Return the time from which a state need not be kept."""
    return unpack_time(value[:_EXPIRY_BYTES])


def pack_time(at: Millis) -> bytes:
    """Return a time as bytes that sort as times do. Times of the log are after 1970."""
    return at.to_bytes(_EXPIRY_BYTES, "big")


def unpack_time(raw: bytes) -> Millis:
    """Return a packed time."""
    return int.from_bytes(raw, "big")


class DueTimers(NamedTuple):
    """The timers that are due before a time, and the keys under which they were kept."""

    timers: Timers
    keys: list[bytes]

    @classmethod
    def load(cls, shelf: Shelf, since: Millis, horizon: Millis, most: int) -> "DueTimers":
        """Return them, or the first ones, due before an earlier horizon, where they are more than ``most``.

        All that were due before ``since`` have fired: looking there would go over what was deleted.
        """
        if horizon <= 0:  # nothing in the log is as old
            return cls(Timers(horizon), [])
        kept: list[tuple[bytes, bytes]] = []
        for key, value in shelf.between(_TIMERS + pack_time(max(since, 0)), _TIMERS + pack_time(horizon)):
            due = key[:_DUE_BYTES]
            if len(kept) >= most and due != kept[-1][0][:_DUE_BYTES]:
                horizon = unpack_time(due[len(_TIMERS) :])
                break
            kept.append((key, value))
        timers = [(_timer_of(key), thaw_timer(orjson.loads(value))) for key, value in kept]
        return cls(Timers(horizon, timers), [key for key, _ in kept])

    def writes(self) -> list[Write]:
        """Return what was changed: all that was due has fired, and what is still to come was set or cleared."""
        changed: dict[bytes, bytes | None] = dict.fromkeys(self.keys)
        changed.update((_timer_key(key), None) for key in self.timers.to_clear)
        changed.update((_timer_key(key), dumps(timer)) for key, timer in self.timers.to_set.items())
        return sorted(changed.items())

    def growth(self, shelf: Shelf) -> int:
        """Return how many timers more there are than on the shelf, where a watch that is set may be already."""
        watches = [_timer_key(key) for key, timer in self.timers.to_set.items() if isinstance(timer, Watch)]
        again = sum(value is not None for value in shelf.get_many(watches))
        return len(self.timers.to_set) - again - len(self.timers.to_clear) - len(self.keys)


def _timer_key(key: TimerKey) -> bytes:
    due, timer_id = key
    return _TIMERS + pack_time(due) + timer_id.encode()


def _timer_of(key: bytes) -> TimerKey:
    start = len(_TIMERS)
    return unpack_time(key[start : start + _EXPIRY_BYTES]), key[start + _EXPIRY_BYTES :].decode()


class Totals:
    """The cumulative totals of a unit's part of the ledger."""

    def __init__(self, shelf: Shelf, partitions: int) -> None:
        self._shelf = shelf
        self._most = _MOST_CACHED // partitions
        self._known: dict[tuple[int, str, Labels], tuple[bytes, int, int]] = {}
        self._known_of: defaultdict[int, list[tuple[int, str, Labels]]] = defaultdict(list)
        """What is known by hour or slot, so that what is too old is found without looking at all of it."""
        self._oldest = dict.fromkeys(_SIGNS, 1)

    def writes(self, additions: Additions) -> list[Write]:
        """Return the new totals of what is added to, with keys as in the ledger's topic. Keep them if committed."""
        known = self._known
        if len(known) > self._most:
            known.clear()
            self._known_of.clear()
        series = sorted(additions.added.keys() | additions.retracted.keys())
        totals = bisect_left(series, (TOTALS,)), bisect_left(series, (TOTALS + 1,))
        for oldest in (*series[: totals[0]][-1:], *series[totals[1] :][:1]):
            self._age(oldest[0])
        self._load([one for one in series if one not in known])
        writes: list[Write] = []
        for one in series:
            key, added, retracted = known[one]
            added += additions.added.get(one, 0)
            retracted += additions.retracted.get(one, 0)
            known[one] = (key, added, retracted)
            writes.append((key, b"[%d,%d]" % (added, retracted)))
        writes += [
            (orjson.dumps([_EXEMPLAR, name, *labels]), orjson.dumps(tuple(exemplar)))
            for (name, labels), exemplar in additions.exemplars.items()
        ]
        return writes

    def trim(self, before_hour: int, before_slot: int) -> list[Write]:
        """Return what lets go of hours and slots too old to matter to anything told, also of those just added."""
        old: set[bytes] = set()
        for before in (before_hour, before_slot):
            sign = 1 if before > TOTALS else -1
            # What is older was let go of already: looking there would go over what was deleted.
            start, end = b"%s[%d," % (LEDGER, sign * self._oldest[sign]), b"%s[%d," % (LEDGER, before)
            self._oldest[sign] = abs(before)
            old.update(key[len(LEDGER) :] for key, _ in self._shelf.between(start, end))
            for hour in [hour for hour in self._known_of if sign * hour in range(1, abs(before))]:
                old.update(self._known.pop(one)[0] for one in self._known_of.pop(hour))
        return [(key, None) for key in sorted(old)]

    def _age(self, hour: int) -> None:
        """Take note that there is something to let go of from an hour or a slot on."""
        sign = 1 if hour > TOTALS else -1
        self._oldest[sign] = min(self._oldest[sign], abs(hour))

    def _load(self, series: Sequence[tuple[int, str, Labels]]) -> None:
        # Copied: what orjson dumps stays in the kilobytes that it was written in, and these are kept.
        keys = [bytes(memoryview(orjson.dumps([hour, name, *labels]))) for hour, name, labels in series]
        values = self._shelf.get_many([LEDGER + key for key in keys])
        for one, key, value in zip(series, keys, values, strict=True):
            added, retracted = orjson.loads(value) if value is not None else (0, 0)
            self._known[one] = (key, added, retracted)
            self._known_of[one[0]].append(one)


def read_exemplar(key: bytes, value: bytes) -> tuple[tuple[str, Labels], Exemplar]:
    """Return what a record of the ledger's topic says of a bucket's exemplar."""
    _, name, *labels = orjson.loads(key)
    return (name, tuple(labels)), Exemplar(*orjson.loads(value))


class Progress(NamedTuple):
    """How far a unit has come: of each topic the next offset, and the lowest of which something is held.

    ``sequence`` counts the transactions; the ledger's topic has it as well, so that one can see whether the two belong
    together. ``watermark`` is that of the partition's events, ``watermarks`` those that the partitions of the log told
    with their facts. ``settled`` is the time before which everything is judged and counted. ``labels`` are the label
    values admitted so far; ``windows`` those that all of it was judged by. ``states`` and ``timers`` are how many there
    are. ``sent`` is how much teams were nudged.
    """

    sequence: int
    events_next: int
    events_low: int
    facts_next: int
    facts_low: int
    watermark: Millis
    watermarks: list[Millis]
    settled: Millis
    labels: Mapping[str, list[str]]
    windows: Mapping[str, Millis]
    states: int
    timers: int
    sent: Sequence[Sent] = ()

    def dump(self) -> bytes:
        """Return it as a value."""
        return mark(orjson.dumps((*self[:-1], [tuple(sent) for sent in self.sent])))

    def report(self) -> bytes:
        """Return what those who read the ledger's topic are told of it."""
        return orjson.dumps(
            {
                "sequence": self.sequence,
                "events": self.events_next,
                "facts": self.facts_next,
                "watermark": self.settled,
                "states": self.states,
                "timers": self.timers,
            }
        )

    @classmethod
    def load(cls, raw: bytes) -> "Progress":
        """Return it again.

        Raises:
            StorageError: it is in another layout, and so is all else on its shelf.
        """
        fields: list[Any] = orjson.loads(unmark(raw, "state"))
        progress = cls(*fields)
        return progress._replace(sent=[Sent(*one) for one in progress.sent])
