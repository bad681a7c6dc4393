"""Refusals: why a record is not an event, in words that say which field, what is wrong, and what would be right."""

from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from reprlib import Repr
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from streams.contracts import times
from streams.contracts.fields import MAX_TEXT
from streams.domain.events import TYPE_OF

MAX_DETAIL: Final = 300
_MOST_PROBLEMS: Final = 3


class Reason(StrEnum):
    """Why a record was refused: few and fixed, so that it can label a metric."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    NOT_AN_OBJECT = "not_an_object"
    ENVELOPE = "envelope"
    UNKNOWN_TYPE = "unknown_type"
    SCHEMA = "schema"
    TIME_OUT_OF_RANGE = "time_out_of_range"


class BadRecord(ValueError):  # noqa: N818 - a record is bad, which is no error of ours
    """A record that is not an event: it belongs in the dead letters.

    Attributes:
        reason: what kind of wrong.
        detail: which field, what is wrong, what would be right; printable, at most :data:`MAX_DETAIL` characters.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        """Keep the reason, and as much of the detail as is allowed."""
        self.reason = reason
        self.detail = detail if len(detail) <= MAX_DETAIL else detail[: MAX_DETAIL - 1] + "…"
        super().__init__(f"{reason}: {self.detail}")


def show(value: object) -> str:
    """Write a value that somebody sent: short, on one line, whatever it is."""
    return _SHORT.repr(value)


def not_json(raw: bytes, why: str) -> BadRecord:
    """Say why bytes are not JSON text; ``why`` is the parser's own word."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return BadRecord(Reason.NOT_UTF8, f"record: byte {error.start} is not UTF-8 ({error.reason}); write it as UTF-8")
    if "recursion" in why:
        return BadRecord(Reason.TOO_DEEP, f"record: {why}; an event needs no nesting at all")
    if "hex escape" in why or "surrogate" in why:
        why += " (\\ud800 to \\udfff only come in pairs, high then low)"
    return BadRecord(Reason.NOT_JSON, f"record: {why}; send one JSON object")


def not_an_object(value: object) -> BadRecord:
    """Say that a record is JSON, but not an object."""
    return BadRecord(Reason.NOT_AN_OBJECT, f"record: {show(value)} is not a JSON object; send one event a record")


def breaks_schema(error: ValidationError, reason: Reason = Reason.SCHEMA) -> BadRecord:
    """Say which fields of a JSON object break the schema, the first few of them."""
    problems = error.errors(include_url=False)
    if problems[0]["type"] == "union_tag_invalid":
        return _unknown_type(problems[0].get("ctx", {}))
    told = [_tell(problem) for problem in problems[:_MOST_PROBLEMS]]
    if len(problems) > _MOST_PROBLEMS:
        told.append(f"and {len(problems) - _MOST_PROBLEMS} more")
    return BadRecord(reason, "; ".join(told))


def _unknown_type(context: Mapping[str, object]) -> BadRecord:
    tag = str(context.get("tag"))
    near = get_close_matches(tag.rpartition(":")[2][:MAX_TEXT], TYPE_OF.values(), n=1)
    hint = f"did you mean {near[0]}?" if near else f"the types are {', '.join(TYPE_OF.values())}"
    return BadRecord(Reason.UNKNOWN_TYPE, f"type: {show(tag)} is unknown; {hint}")


def _tell(problem: ErrorDetails) -> str:
    # The first part of the place is the event's type where there is one, and the last is the field.
    field = str(problem["loc"][-1]) if problem["loc"] and problem["loc"][-1] not in TYPE_OF.values() else "record"
    kind, message, value = problem["type"], problem["msg"], problem["input"]
    match kind:
        case "union_tag_not_found":
            return "type: is missing or null, such as contact.offered"
        case "missing":
            return f"{field}: is missing"
        case "nothing_said":
            return f"{field}: {message}"
        case "string_pattern_mismatch" if field == "occurred_at":
            return f"{field}: {show(value)} is not RFC 3339 with an offset, such as {times.EXAMPLE}"
        case "string_type" if field == "occurred_at":
            return f"{field}: {show(value)} is not a text; write RFC 3339 with an offset, such as {times.EXAMPLE}"
        case "string_pattern_mismatch":
            return f"{field}: {show(value)} holds a control character; leave it out"
        case "no_such_time":
            return f"{field}: {show(value)} {message}"
    rule = message.replace("Input should be", "should be").replace("String should have", "should have")
    return f"{field}: {rule}, not {show(value)}"


def _short() -> Repr:
    short = Repr()
    short.maxstring = short.maxother = short.maxlong = 40
    short.maxdict = short.maxlist = short.maxlevel = 2
    return short


_SHORT: Final = _short()
