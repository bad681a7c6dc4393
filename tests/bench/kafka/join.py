"""The join that all but ours do: did a customer come back within a week of the end of their last contact?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from streams.domain.units import DAY

WITHIN_S: Final = 7 * DAY / 1000
_OFFERED: Final = "contact.offered"
_ENDED: Final = "contact.ended"


def concerns(event: Mapping[str, Any]) -> bool:
    """Is it the beginning or the end of a contact of somebody who is known?"""
    return event["type"] in {_OFFERED, _ENDED} and "customer_id" in event


def ends(event: Mapping[str, Any]) -> bool:
    """Is it the end of a contact, of those that concern the join?"""
    return bool(event["type"] == _ENDED)


def seconds_of(event: Mapping[str, Any]) -> float:
    """When it happened, in seconds since the epoch."""
    return datetime.fromisoformat(event["occurred_at"]).timestamp()


def is_recontact(at: float, last_end: float | None) -> bool:
    """Is a contact that begins at a time a recontact, after the last one ended at another?"""
    return last_end is not None and at - last_end <= WITHIN_S
