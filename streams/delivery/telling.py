"""What a nudge says in words, for those who read it in a chat."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from streams.delivery.nudge import Nudge
from streams.domain.units import MINUTE

_HEADS: Final[Mapping[str, str]] = {
    "repeat": "Repeat contact",
    "waiting": "Repeat customer waiting",
    "promise": "Promise due",
    "spike": "Spike of failure demand",
}
_ASKS: Final[Mapping[str, str]] = {
    "resolve_now": "Resolve it in this contact",
    "answer_now": "Answer it now",
    "keep_promise": "Keep the promise",
    "remove_cause": "Remove the cause",
}
_EVIDENCE: Final[Mapping[str, str]] = {
    "open": "the problem is still open",
    "retry": "the customer hung up before",
    "recontact": "the customer is back with the same problem",
}


def told(nudge: Nudge) -> list[str]:
    """Return what a nudge says, a line each: what happened and where, what is asked, why."""
    return list(_lines(nudge.kind, nudge.record))


def _lines(kind: str, record: Mapping[str, Any]) -> Iterator[str]:
    where = " / ".join(str(record[name]) for name in ("queue", "reason", "channel") if record.get(name))
    yield f"{_HEADS.get(kind, kind)}: {where} (team {record['team']})"
    ask = record.get("expected")
    if ask is not None:
        yield f"{_ASKS.get(ask, ask)}, by {record['expires_at']}."
    if kind == "spike":
        contacts, expected = record.get("contacts"), record.get("expected_contacts")
        yield f"{contacts} contacts since {record.get('started_at')}, where {expected} were to be expected."
        return
    because = _EVIDENCE.get(record.get("evidence", ""))
    attempt, effort = record.get("attempt", 1), record.get("effort_ms") or 0
    so_far = f"Attempt {attempt}; {effort // MINUTE} minutes of the customer's time so far"
    yield f"{so_far}; {because}." if because else f"{so_far}."
    for name, text in (("waiting_since", "Waiting since"), ("due_at", "Due")):
        if record.get(name):
            yield f"{text} {record[name]}."
    earlier = record.get("earlier") or []
    if earlier:
        yield from _last(earlier[0], len(earlier))


def _last(contact: Mapping[str, Any], count: int) -> Iterator[str]:
    """Say where the customer was last, and what was claimed there."""
    became = "abandoned" if contact.get("abandoned") else "ended" if contact.get("ended_at") else "open"
    claimed = ", claimed resolved" if contact.get("claimed_resolved") else ""
    last = f"{contact.get('queue')} / {contact.get('channel')} at {contact.get('arrived_at')}, {became}{claimed}"
    yield f"Earlier contacts: {count}; the last {last}."
