"""What the board reads: the outcomes and nudges topics, from wherever an engine keeps them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Batch(Protocol):
    """Records of both topics in the order in which they were written, and whether there were no more for now."""

    @property
    def records(self) -> Sequence[Mapping[str, Any]]:
        """What came since the last batch; may be none."""

    @property
    def at_end(self) -> bool:
        """Whether everything that has been written so far was read."""

    @property
    def unreadable(self) -> int:
        """How many records came beside these that are none; where they are was told."""


class Tail(Protocol):
    """Follows both topics, from as far back as a board goes by them."""

    async def read(self) -> Batch:
        """Wait until there is something new, or for a moment; return it.

        Raises:
            Exception: what the engine raises if it can't be read any more; the board ends with it.
        """
