"""Records gone wrong, in every way that a record goes wrong between a vendor and us. Seeded."""

from collections.abc import Callable
from random import Random
from typing import Any

import orjson

Mutation = Callable[[bytes, Random], bytes]


def truncated(raw: bytes, random: Random) -> bytes:
    return raw[: random.randrange(len(raw))]


def flipped(raw: bytes, random: Random) -> bytes:
    place = random.randrange(len(raw))
    return raw[:place] + bytes([random.randrange(256)]) + raw[place + 1 :]


def wrong_type(raw: bytes, random: Random) -> bytes:
    body = orjson.loads(raw)
    wrong: list[Any] = [None, 17, -1.5, True, [], {}, "", "\u0000", ["x"], {"a": {"b": []}}]
    body[random.choice(list(body))] = random.choice(wrong)
    return orjson.dumps(body)


def without_a_field(raw: bytes, random: Random) -> bytes:
    body = orjson.loads(raw)
    del body[random.choice(list(body))]
    return orjson.dumps(body)


def huge(raw: bytes, random: Random) -> bytes:
    body = orjson.loads(raw)
    body[random.choice(list(body))] = "x" * random.choice((300, 5_000, 300_000))
    return orjson.dumps(body)


def not_utf8(raw: bytes, random: Random) -> bytes:
    place = random.randrange(len(raw))
    return raw[:place] + random.choice((b"\xff", b"\xc3\x28", b"\xed\xa0\x80")) + raw[place:]


def deeply_nested(raw: bytes, random: Random) -> bytes:
    depth = random.choice((100, 2_000, 50_000))
    return raw[:-1] + b',"x":' + b"[" * depth + b"]" * random.choice((0, depth)) + b"}"


def unknown_type(raw: bytes, random: Random) -> bytes:
    return orjson.dumps(
        orjson.loads(raw) | {"type": random.choice(("contact.exploded", "", "CONTACT.OFFERED", "tick"))}
    )


def absurd_time(raw: bytes, random: Random) -> bytes:
    times = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z", "2026-13-01T00:00:00Z",
             "2026-01-01T25:00:00Z", "2026-01-01 00:00", "yesterday", "1767225600")  # fmt: skip
    return orjson.dumps(orjson.loads(raw) | {"occurred_at": random.choice(times)})


def no_object(raw: bytes, random: Random) -> bytes:
    return random.choice(
        (b"", b"null", b"[]", b"42", b'"x"', b"{}", b"NaN", b"[" + raw + b"]", raw + raw, b"\x00" * 20)
    )


MUTATIONS: tuple[Mutation, ...] = (
    truncated, flipped, wrong_type, without_a_field, huge, not_utf8, deeply_nested, unknown_type, absurd_time,
    no_object,
)  # fmt: skip
