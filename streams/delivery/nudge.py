"""A nudge, as a record of its topic says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import orjson

from streams.contracts.times import millis_of
from streams.domain.units import Millis

TYPE: Final = "nudge.issued"

_HASH_BYTES: Final = 16
_NOT_CONTENT: Final = frozenset({"provisional", "occurred_at", "expires_at"})
"""What differs between a record that was told ahead of time, as of the newest event of its contact that was read by
then, and the settled one, as of the event that called for it, though both ask for the same."""


@dataclass(frozen=True, slots=True)
class Nudge:
    """A nudge: the few things that deliveries go by, and the record with all of it.

    Attributes:
        content: a hash of what it says, but for when, and whether that is settled yet: the same for a settled record
            that changes nothing.
    """

    id: str
    kind: str
    team: str
    occurred_at: Millis
    expires_at: Millis
    content: str
    record: Mapping[str, Any]

    @property
    def message_id(self) -> str:
        """What tells receivers that they have this already: one for all tries of the same content."""
        return f"msg_{self.content}"


def read_nudge(raw: bytes) -> Nudge | None:
    """Return the nudge of a record; ``None`` where it is of another type, which newer writers may add.

    Raises:
        ValueError: it is no record of the topic.
    """
    record = orjson.loads(raw)
    if not isinstance(record, dict):
        msg = "it is not an object"
        raise ValueError(msg)  # noqa: TRY004 - what is wrong is the record
    if record.get("type") != TYPE:
        return None
    try:
        said = {name: value for name, value in record.items() if name not in _NOT_CONTENT}
        whole = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
        return Nudge(
            str(record["nudge_id"]),
            str(record["kind"]),
            str(record["team"]),
            millis_of(record["occurred_at"]),
            millis_of(record["expires_at"]),
            blake2b(whole, digest_size=_HASH_BYTES).hexdigest(),
            record,
        )
    except (KeyError, AttributeError) as error:
        msg = f"it lacks or misstates {error}"
        raise ValueError(msg) from error
