"""Where nudges come from."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Position: TypeAlias = Any
"""A place among the records, as JSON can write it; only the source knows what it means, and whether it is its own."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records, oldest first.

    Attributes:
        records: the next ones; may be none.
        at_end: whether these are all that there are now.
        position: where to go on after them.
    """

    records: Sequence[bytes]
    at_end: bool
    position: Position


class Source(Protocol):
    """Follows the nudges topic."""

    async def read(self) -> Batch:
        """Return what comes next, none of it twice."""


Follow: TypeAlias = Callable[[Position | None], AbstractAsyncContextManager[Source]]
"""Follows the topic from a position until the block ends; where that is ``None``, from where who is new should."""
