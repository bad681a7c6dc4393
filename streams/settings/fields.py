"""The kinds of setting: what each may hold, how it is read and written, and what the JSON Schema says of it."""

from collections.abc import Callable
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    StrictBool,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)

from streams.contracts.fields import MAX_TEXT, NO_CONTROLS
from streams.domain.policy import Window
from streams.domain.units import Micros, Millis
from streams.settings import values as v

CURRENCY = r"^[A-Z]{3}$"


def _between(low: str, high: str) -> Callable[[Millis], Millis]:
    def check(duration: Millis) -> Millis:
        if not v.parse_duration(low) <= duration <= v.parse_duration(high):
            msg = f"{v.format_duration(duration)} is not between {low} and {high}"
            raise ValueError(msg)
        return duration

    return check


def _ascending(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    right = sorted(set(windows), key=lambda window: window.length)
    if list(windows) != right:
        msg = f"must go from the shortest to the longest, each once; write [{', '.join(w.name for w in right)}]"
        raise ValueError(msg)
    return windows


_Duration = Annotated[
    Millis,
    PlainValidator(v.parse_duration),
    PlainSerializer(v.format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": v.DURATION, "examples": ["10s", "24h", "7d"]}),
]
Short = Annotated[_Duration, AfterValidator(_between("0s", "24h"))]
Long = Annotated[_Duration, AfterValidator(_between("0s", "3650d"))]

_Window = Annotated[
    Window,
    PlainValidator(v.parse_window),
    PlainSerializer(lambda window: window.name, return_type=str),
    WithJsonSchema({"type": "string", "enum": list(v.WINDOWS)}),
]
Windows = Annotated[tuple[_Window, ...], Field(min_length=1), AfterValidator(_ascending)]

Size = Annotated[
    int,
    PlainValidator(v.parse_size),
    PlainSerializer(v.format_size, return_type=str),
    WithJsonSchema({"type": "string", "pattern": v.SIZE, "examples": ["5 MiB"]}),
]
Money = Annotated[
    Micros,
    PlainValidator(v.parse_money),
    PlainSerializer(v.format_money, return_type=str),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": v.MONEY}]}),
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT, pattern=NO_CONTROLS)]
Currency = Annotated[str, StringConstraints(pattern=CURRENCY)]
Count = Annotated[StrictInt, Field(ge=1, le=1_000_000)]
Flag = StrictBool
Port = Annotated[StrictInt, Field(ge=0, le=65_535)]
