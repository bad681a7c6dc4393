"""The states of a processor, whatever they are kept in: a bounded cache of what was touched last, before the store."""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

import orjson

from streams.domain.units import Millis
from streams.processors.changes import States
from streams.processors.codec import Plain

S = TypeVar("S")


def dumps(plain: Plain) -> bytes:
    """Return what is plain as JSON, in which a tuple is a list, whatever it is called."""
    return orjson.dumps(plain, default=tuple)


class Codec(NamedTuple, Generic[S]):
    """How a state becomes plain and comes back, and from when on it need not be kept."""

    freeze: Callable[[S], Plain]
    thaw: Callable[[Plain], S]
    expires_at: Callable[[S], Millis]


class Changed(NamedTuple):
    """A state to be written, or to be deleted where ``value`` is ``None``."""

    key: str
    expires_at: Millis
    value: bytes | None


class StateCache(Generic[S]):
    """Loads states and says what changed. The cache holds what was committed, and nothing else."""

    def __init__(
        self, codec: Codec[S], fetch: Callable[[Sequence[str]], Iterable[tuple[str, bytes]]], cached: int = 50_000
    ) -> None:
        """Load what is not cached with ``fetch``, which leaves out keys that have no state."""
        self._codec = codec
        self._fetch = fetch
        self._cached = cached
        self._cache: dict[str, S] = {}
        self._fetched: set[str] = set()

    def load(self, states: States[S], keys: Iterable[str]) -> None:
        """Load the states of keys that are not among the loaded ones yet."""
        missing = []
        cache, loaded = self._cache, states.loaded
        for key in keys:
            if key in loaded:
                continue
            state = cache.get(key)
            if state is not None:
                loaded[key] = state
            else:
                missing.append(key)
        if missing:
            thaw = self._codec.thaw
            for key, value in self._fetch(missing):
                loaded[key] = thaw(orjson.loads(value))
                self._fetched.add(key)

    def changed(self, states: States[S]) -> list[Changed]:
        """Return the states that were changed, in the order of their keys."""
        freeze, expires_at = self._codec.freeze, self._codec.expires_at
        return sorted(
            Changed(key, 0, None) if state is None else Changed(key, expires_at(state), dumps(freeze(state)))
            for key, state in states.changed()
        )

    def growth(self, states: States[S]) -> int:
        """Return how many states more there are by what was changed."""
        cache, fetched = self._cache, self._fetched
        return sum((state is not None) - (key in cache or key in fetched) for key, state in states.changed())

    def committed(self, states: States[S]) -> None:
        """Remember what a committed batch has touched."""
        cache = self._cache
        self._fetched.clear()
        for key in states.dirty:
            cache.pop(key, None)
        cache.update(states.loaded)
        surplus = len(cache) - self._cached
        if surplus > 0:
            for key in list(cache)[: surplus + self._cached // 4]:
                del cache[key]
