"""Refusals: why a record is not an event, in words that say which field, what is wrong, and what would be right."""

from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from json import JSONDecodeError
from reprlib import Repr
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from streams.contracts import times
from streams.contracts.fields import MAX_TEXT
from streams.domain.events import TYPE_OF

MAX_DETAIL: Final = 300
_MOST_PROBLEMS: Final = 3
_TYPES: Final = tuple(TYPE_OF.values())


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


def not_json(raw: bytes, error: JSONDecodeError) -> BadRecord:
    """Say why the parser could not read a record."""
    try:
        raw.decode()
    except UnicodeDecodeError as wrong:
        detail = f"record: byte {wrong.start} is not UTF-8 ({wrong.reason}); write it as UTF-8"
        return BadRecord(Reason.NOT_UTF8, detail)
    if "depth" in error.msg:
        return BadRecord(Reason.TOO_DEEP, "record: is nested too deep; an event needs no nesting at all")
    hint = "send one JSON object"
    if "surrogate" in error.msg:
        hint = "\\ud800 to \\udfff only come in pairs, high then low"
    elif "allocate" in error.msg:
        hint = "is it cut off within deep nesting?"  # so the parser says it, however much memory there is
    return BadRecord(Reason.NOT_JSON, f"record: {error.msg} at character {error.pos}; {hint}")


def not_an_object(value: object) -> BadRecord:
    """Say that a record is JSON, but not an object."""
    return BadRecord(Reason.NOT_AN_OBJECT, f"record: {show(value)} is not a JSON object; send one event a record")


def untyped(value: object) -> BadRecord:
    """Say that an object has no ``type``, or one that is no text."""
    said = "is missing" if value is None else f"{show(value)} is not a text"
    return BadRecord(Reason.SCHEMA, f"type: {said}; give the type of event, such as contact.offered")


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
    told = str(context.get("tag"))
    near = get_close_matches(told[:MAX_TEXT], _TYPES, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the JSON Schema lists the {len(_TYPES)} types"
    return BadRecord(Reason.UNKNOWN_TYPE, f"type: {show(told)} is unknown; {hint}")


def _tell(problem: ErrorDetails) -> str:
    field = _field(problem)
    kind, message, value = problem["type"], problem["msg"], show(problem["input"])
    if kind == "missing":
        said = "is missing"
    elif kind == "nothing_said":
        said = message
    elif kind == "value_error":  # the only one: times.millis_of
        said = f"{value} is no time of the calendar: {message.removeprefix('Value error, ')}"
    elif field == "occurred_at":
        said = f"{value} is not RFC 3339 text with an offset, such as {times.EXAMPLE}"
    elif kind == "string_pattern_mismatch":
        said = f"{value} holds a control character; leave it out"
    else:
        rule = message.replace("Input should be", "should be").replace("String should have", "should have")
        said = f"{rule}, not {value}"
    return f"{field}: {said}"


def _field(problem: ErrorDetails) -> str:
    """Return the field that a problem is in. The first part of its place is the type of the event, if that is known."""
    place = [str(part) for part in problem["loc"] if part not in _TYPES]
    return ".".join(place) or "record"


def _short() -> Repr:
    short = Repr()
    short.maxstring = short.maxother = short.maxlong = 40
    short.maxdict = short.maxlist = short.maxlevel = 2
    return short


_SHORT: Final = _short()
