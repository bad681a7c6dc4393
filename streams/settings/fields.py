"""The kinds of setting: what each may hold, how it is read and written, and what the JSON Schema says of it."""

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    StrictBool,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)

from streams.contracts.fields import MAX_TEXT, NO_CONTROLS
from streams.domain import policy
from streams.domain.units import Micros, Millis
from streams.settings import values as v

CURRENCY = r"^[A-Z]{3}$"
KAFKA_NAME = r"^[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*$"
"""Letters, digits, dots, underscores and hyphens; not dots alone, which would be a folder."""

_KAFKA_NAME_LENGTH = 249
_OFF = "off"


def _between(low: str, high: str) -> Callable[[Millis], Millis]:
    def check(duration: Millis) -> Millis:
        if not v.parse_duration(low) <= duration <= v.parse_duration(high):
            msg = f"{v.format_duration(duration)} is not between {low} and {high}"
            raise ValueError(msg)
        return duration

    return check


def _parse_tick(value: object) -> Millis | None:
    if value == _OFF:
        return None
    try:
        return _between("100ms", "1h")(v.parse_duration(value))
    except ValueError as error:
        msg = f"{error}; or {_OFF}, for never"
        raise ValueError(msg) from None


def _at_least(low: str) -> Callable[[int], int]:
    def check(size: int) -> int:
        if size < v.parse_size(low):
            msg = f"{v.format_size(size)} is too small; the least is {low}"
            raise ValueError(msg)
        return size

    return check


def _ascending(windows: tuple[policy.Window, ...]) -> tuple[policy.Window, ...]:
    right = sorted(set(windows), key=lambda window: window.length)
    if list(windows) != right:
        msg = f"must go from the shortest to the longest, each once; write [{', '.join(w.name for w in right)}]"
        raise ValueError(msg)
    return windows


def _without_path(url: str | None) -> str | None:
    if url is not None and urlsplit(url).path not in ("", "/"):
        msg = f"{v.show(url)} has a path; the board is served at the top of a site, so leave it out"
        raise ValueError(msg)
    return url


_Duration = Annotated[
    Millis,
    PlainValidator(v.parse_duration),
    PlainSerializer(v.format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": v.DURATION, "examples": ["10s", "24h", "7d"]}),
]
Short = Annotated[_Duration, AfterValidator(_between("0s", "24h"))]
Long = Annotated[_Duration, AfterValidator(_between("0s", "3650d"))]
Brief = Annotated[_Duration, AfterValidator(_between("1m", "24h"))]
Retention = Annotated[_Duration, AfterValidator(_between("1h", "3650d"))]
SessionTimeout = Annotated[_Duration, AfterValidator(_between("6s", "30m"))]
Session = Annotated[_Duration, AfterValidator(_between("1m", "7d"))]
MaxAge = Annotated[_Duration, AfterValidator(_between("1s", "7d"))]
TransactionTimeout = Annotated[_Duration, AfterValidator(_between("1s", "15m"))]
Tick = Annotated[
    Millis | None,
    PlainValidator(_parse_tick),
    PlainSerializer(lambda tick: _OFF if tick is None else v.format_duration(tick), return_type=str),
    WithJsonSchema({"anyOf": [{"const": _OFF}, {"type": "string", "pattern": v.DURATION}]}),
]

Window = Annotated[
    policy.Window,
    PlainValidator(v.parse_window),
    PlainSerializer(lambda window: window.name, return_type=str),
    WithJsonSchema({"type": "string", "enum": list(v.WINDOWS)}),
]
Windows = Annotated[tuple[Window, ...], Field(min_length=1), AfterValidator(_ascending)]

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
Memory = Annotated[Size, AfterValidator(_at_least("1 MiB"))]
_NAME = StringConstraints(min_length=1, max_length=MAX_TEXT, pattern=NO_CONTROLS)
Name = Annotated[str, _NAME]
MaybeName = Annotated[str | None, _NAME]
Currency = Annotated[str, StringConstraints(pattern=CURRENCY)]
Count = Annotated[StrictInt, Field(ge=1, le=1_000_000)]
Share = Annotated[float, Strict(), Field(gt=0, lt=1)]
Positive = Annotated[float, Strict(), Field(gt=0, le=1_000)]
TimeZone = Annotated[
    ZoneInfo,
    PlainValidator(v.parse_time_zone),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["UTC", "Europe/Paris"]}),
]
Hours = Annotated[
    tuple[int, int] | None,
    PlainValidator(v.parse_hours),
    PlainSerializer(v.format_hours, return_type=str | None),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": v.HOURS}, {"type": "null"}], "examples": ["22:00-07:00"]}),
]
Times = Annotated[StrictInt, Field(ge=1, le=1_000)]
Flag = StrictBool
Port = Annotated[StrictInt, Field(ge=0, le=65_535)]

MaybeUrl = Annotated[
    str | None,
    PlainValidator(v.parse_url),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": v.URL}, {"type": "null"}]}),
]
Site = Annotated[MaybeUrl, AfterValidator(_without_path)]
_Network = Annotated[
    IPv4Network | IPv6Network,
    PlainValidator(v.parse_network),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["10.0.0.0/8", "::1"]}),
]
Networks = tuple[_Network, ...]

KafkaName = Annotated[str, StringConstraints(min_length=1, max_length=_KAFKA_NAME_LENGTH, pattern=KAFKA_NAME)]
_Broker = Annotated[
    str,
    PlainValidator(v.parse_broker),
    WithJsonSchema({"type": "string", "pattern": v.BROKER, "examples": ["127.0.0.1:9092"]}),
]
Brokers = Annotated[tuple[_Broker, ...], Field(min_length=1)]
Partitions = Annotated[StrictInt, Field(ge=1, le=1_000)]
Replication = Annotated[
    int | None,
    PlainValidator(v.parse_replication),
    PlainSerializer(lambda copies: v.DEFAULT_REPLICATION if copies is None else copies),
    WithJsonSchema({"anyOf": [{"const": v.DEFAULT_REPLICATION}, {"type": "integer", "minimum": 1, "maximum": 10}]}),
]
Standbys = Annotated[StrictInt, Field(ge=0, le=10)]
Batch = Annotated[StrictInt, Field(ge=1, le=100_000)]
