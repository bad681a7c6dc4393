"""Durations, sizes and money as people write them. Whatever ``parse_x`` reads, ``format_x`` writes and it reads again.

A number alone is no duration and no size: nobody sees whether ``20`` is seconds or minutes. What needs no unit, such as
the address of a broker, is written as it was read.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from streams.domain.cohort import AGE_BOUNDS
from streams.domain.policy import Window
from streams.domain.units import DAY, HOUR, MINUTE, SECOND, Micros, Millis

DURATION: Final = r"^([0-9]{1,12}) ?(ms|s|m|h|d)$"
SIZE: Final = r"^([0-9]{1,12}) ?(B|KiB|MiB|GiB)$"
BROKER: Final = r"^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})$"
HOURS: Final = r"^([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])$"
URL: Final = r"^https?://[^\s/?#@\\]+(/[^\s?#\\]*)?$"
MONEY: Final = r"^([0-9]{1,9})(?:\.([0-9]{1,6}))?$"

DEFAULT_REPLICATION: Final = "default"

_PORTS: Final = range(1, 65_536)
_COPIES: Final = range(1, 11)
_DURATION_UNITS: Final[Mapping[str, Millis]] = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": 1}
_SIZE_UNITS: Final[Mapping[str, int]] = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10, "B": 1}
_DIGITS: Final = 6
_MOST_SHOWN: Final = 60


def _in_units(amount: int, units: Mapping[str, int], unit_of_zero: str, space: str = "") -> str:
    fitting = (unit for unit, size in units.items() if amount % size == 0)
    unit = next(fitting) if amount else unit_of_zero
    return f"{amount // units[unit]}{space}{unit}"


def show(value: object) -> str:
    """Write a value as it may have stood in the file: short, on one line, whatever it is."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = str(value) if isinstance(value, int | Decimal) else repr(value)
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"


def parse_duration(value: object) -> Millis:
    """Return a duration such as ``10s`` in milliseconds.

    Raises:
        ValueError: if it is none; the message says what would be right.
    """
    found = re.fullmatch(DURATION, value) if isinstance(value, str) else None
    if found is None:
        msg = f"{show(value)} is not a duration; write a whole number and its unit (ms, s, m, h, d), such as 10s or 24h"
        raise ValueError(msg)
    return int(found[1]) * _DURATION_UNITS[found[2]]


def format_duration(duration: Millis) -> str:
    """Write a duration in the longest unit that needs no fraction."""
    return _in_units(duration, _DURATION_UNITS, "s")


def parse_size(value: object) -> int:
    """Return a size such as ``5 MiB`` in bytes.

    Raises:
        ValueError: if it is none; the message says what would be right.
    """
    found = re.fullmatch(SIZE, value) if isinstance(value, str) else None
    if found is None:
        msg = f"{show(value)} is not a size; write a whole number and its unit (B, KiB, MiB, GiB), such as 5 MiB"
        raise ValueError(msg)
    return int(found[1]) * _SIZE_UNITS[found[2]]


def format_size(size: int) -> str:
    """Write a size in the largest unit that needs no fraction."""
    return _in_units(size, _SIZE_UNITS, "B", " ")


def parse_money(value: object) -> Micros:
    """Return an amount such as ``38.50`` (a number or a text) in millionths, exactly.

    Raises:
        ValueError: if it is none, is negative or has more than six decimals; the message says what would be right.
    """
    # A Decimal keeps the digits as written, exponent and all: the pattern lets none through that could be huge.
    text = str(value) if isinstance(value, int | Decimal | str) and not isinstance(value, bool) else ""
    found = re.fullmatch(MONEY, text)
    if found is None:
        finer = re.fullmatch(r"^[0-9]+\.[0-9]{7,}$", text)
        fault = "has more than six decimals; round it" if finer else "is not an amount; write a number such as 38.50"
        msg = f"{show(value)} {fault}"
        raise ValueError(msg)
    return int(found[1]) * 10**_DIGITS + int((found[2] or "").ljust(_DIGITS, "0"))


def format_money(amount: Micros) -> str:
    """Write an amount with two decimals, or with as many more as it needs."""
    whole, fraction = divmod(amount, 10**_DIGITS)
    digits = f"{fraction:0{_DIGITS}}".rstrip("0")
    return f"{whole}.{digits.ljust(2, '0')}"


WINDOWS: Final[Mapping[str, Window]] = {
    format_duration(bound): Window(format_duration(bound), bound) for bound in AGE_BOUNDS
}
"""Every window that there can be, by name: cohorts can only tell what happened up to the bound of an age bucket."""


def parse_window(value: object) -> Window:
    """Return the window of a name such as ``7d``.

    Raises:
        ValueError: if there is none; the message lists those that there are.
    """
    found = WINDOWS.get(value) if isinstance(value, str) else None
    if found is None:
        msg = f"{show(value)} is not one of the age bounds that cohorts are counted by; use one of {', '.join(WINDOWS)}"
        raise ValueError(msg)
    return found


def parse_broker(value: object) -> str:
    """Return the address of a broker such as ``127.0.0.1:9092`` or ``[::1]:9092``, as it was written.

    Raises:
        ValueError: if it is none; the message says what would be right.
    """
    found = re.fullmatch(BROKER, value) if isinstance(value, str) else None
    if found is None or int(found[2]) not in _PORTS:
        msg = f"{show(value)} is not host:port; write a name or an address and a port, such as 127.0.0.1:9092"
        raise ValueError(msg)
    return found[0]


def parse_url(value: object) -> str | None:
    """Return an address such as ``https://board.example``, as it was written.

    Raises:
        ValueError: if it is none; the message says what would be right.
    """
    if value is None:
        return None
    found = re.fullmatch(URL, value) if isinstance(value, str) else None
    if found is None or not _has_host(found[0]):
        msg = f"{show(value)} is not an address; write one such as https://board.example, with nothing after the path"
        raise ValueError(msg)
    return found[0]


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, or half a pair of brackets
        return False


def parse_network(value: object) -> IPv4Network | IPv6Network:
    """Return the network of an address such as ``10.0.0.7``, or of many such as ``10.0.0.0/8``.

    Raises:
        ValueError: if it is none; the message says what would be right.
    """
    try:
        if isinstance(value, str):
            return ip_network(value)
        fault = "not a text"
    except ValueError as error:
        fault = str(error)
    msg = f"{show(value)} is not an address or a network ({fault}); write one such as 10.0.0.7 or 10.0.0.0/8"
    raise ValueError(msg)


def parse_replication(value: object) -> int | None:
    """Return how many copies a partition should have; ``None`` for what the brokers say by default.

    Raises:
        ValueError: if it is neither; the message says what would be right.
    """
    if value == DEFAULT_REPLICATION:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value not in _COPIES:
        msg = f"{show(value)} is neither a number from {_COPIES[0]} to {_COPIES[-1]} nor {DEFAULT_REPLICATION}"
        raise ValueError(msg)
    return value


def parse_time_zone(value: object) -> ZoneInfo:
    """Return the time zone of a name of the IANA database such as ``Europe/Paris``.

    Raises:
        ValueError: if there is none.
    """
    msg = f"{show(value)} is no time zone that this machine knows; write a name such as Europe/Paris, or UTC"
    if not isinstance(value, str):
        raise ValueError(msg)  # noqa: TRY004 - pydantic takes no TypeError for an answer
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # the last for the name of a folder
        raise ValueError(msg) from error


def parse_hours(value: object) -> tuple[int, int] | None:
    """Return hours such as ``22:00-07:00`` as the minutes of the day at which they begin and end; ``None`` for none.

    Raises:
        ValueError: if they are no hours, or all of the day; the message says what would be right.
    """
    if value is None:
        return None
    found = re.fullmatch(HOURS, value) if isinstance(value, str) else None
    hours = tuple(int(found[n]) * 60 + int(found[n + 1]) for n in (1, 3)) if found else (0, 0)
    if hours[0] == hours[1]:
        msg = f"{show(value)} are no hours of the day; write when they begin and end, such as 22:00-07:00"
        raise ValueError(msg)
    return hours[0], hours[1]


def format_hours(hours: tuple[int, int] | None) -> str | None:
    """Write hours of the day."""
    return None if hours is None else "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in hours)
