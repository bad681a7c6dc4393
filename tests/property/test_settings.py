"""Settings over all that can be written: values survive a round trip, and no text makes loading crash."""

import json
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from streams.settings import ConfigError, Settings, load
from streams.settings.document import parse
from streams.settings.models import Monitor
from streams.settings.values import (
    WINDOWS,
    format_duration,
    format_money,
    format_size,
    parse_duration,
    parse_money,
    parse_size,
)

untimed = settings(deadline=None)

NO_VARIABLES: Mapping[str, str] = {}
NAMES = st.text(st.characters(categories=("L", "N", "Zs", "P"), codec="utf-8"), min_size=1, max_size=20)
LETTERS = st.text("abcdefgh", min_size=1, max_size=4)
DURATIONS = st.builds("{}{}".format, st.integers(1, 24), st.sampled_from(("ms", "s", "m", "h")))
COUNTS = st.integers(1, 1_000_000)
SHARES = st.floats(0, 1, exclude_min=True, exclude_max=True)

MONITORS = st.fixed_dictionaries(
    {},
    optional={
        "windows": st.sets(st.sampled_from(list(WINDOWS)), min_size=1).map(
            lambda names: [name for name in WINDOWS if name in names]
        ),
        "lateness": DURATIONS,
        "retry_within": st.just("1h"),
        "thresholds": st.fixed_dictionaries({}, optional={"answer": DURATIONS, "short_abandon": DURATIONS}),
        "linking": st.fixed_dictionaries({"by_identity": st.booleans()}),
        "objectives": st.fixed_dictionaries({}, optional={"service_level": SHARES, "failure": SHARES}),
        "detection": st.fixed_dictionaries(
            {},
            optional={
                "false_alarms": st.integers(1, 1_000) | st.floats(0.001, 1_000),
                "least_contacts": COUNTS,
                "time_zone": st.sampled_from(("UTC", "Europe/Paris", "Asia/Kathmandu")),
            },
        ),
        "queues": st.dictionaries(
            NAMES,
            st.fixed_dictionaries({}, optional={"team": NAMES, "answer_threshold": DURATIONS, "failure": SHARES}),
            max_size=3,
        ),
        "costs": st.fixed_dictionaries(
            {"rates": st.lists(st.fixed_dictionaries({"per_hour": st.integers(0, 99), "team": NAMES}), max_size=1)}
        ),
        "http": st.fixed_dictionaries({}, optional={"port": st.integers(0, 65_535), "max_batch": COUNTS}),
        "board": st.fixed_dictionaries(
            {},
            optional={
                "url": st.builds("https://{}.example:{}".format, LETTERS, st.integers(1, 65_535)),
                "proxies": st.lists(st.ip_addresses().map(str), max_size=2),
                "session": st.builds("{}m".format, st.integers(1, 60)),
                "roles": st.dictionaries(NAMES, st.dictionaries(st.just("may_act"), st.booleans()), max_size=2),
            },
        ),
        "kafka": st.fixed_dictionaries(
            {},
            optional={
                "brokers": st.lists(st.builds("{}:{}".format, LETTERS, st.integers(1, 65_535)), min_size=1),
                "application": LETTERS,
                "replication": st.just("default") | st.integers(1, 10),
                "cache": st.builds("{} MiB".format, COUNTS),
                "tick": st.just("off") | st.builds("{}m".format, st.integers(1, 60)),
            },
        ),
    },
).map(lambda config: {"retry_within": "1h", **config})

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | DURATIONS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SECTIONS = st.dictionaries(st.sampled_from(list(Monitor.model_fields)) | LETTERS, ANYTHING, max_size=6)


def write(config: object) -> str:
    return json.dumps(config, ensure_ascii=False)


def load_text(monitor: bytes, env: Mapping[str, str] = NO_VARIABLES) -> Settings:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "monitor.yaml").write_bytes(monitor)
        (Path(folder) / "reasons.yaml").touch()
        return load(Path(folder), env)


@given(st.integers(0, 10**12 - 1))
def test_a_duration_is_read_as_it_was_written(duration: int) -> None:
    assert parse_duration(format_duration(duration)) == duration


@given(st.integers(0, 2**39))
def test_a_size_is_read_as_it_was_written(size: int) -> None:
    assert parse_size(format_size(size)) == size


@given(st.integers(0, 10**15 - 1))
def test_money_is_read_as_it_was_written(amount: int) -> None:
    assert parse_money(format_money(amount)) == amount


@given(st.decimals(0, 999_999_999, places=6))
def test_money_is_exact_to_the_millionth_as_a_number_and_as_a_text(amount: Decimal) -> None:
    text = f"{amount:f}"
    assert parse_money(parse(text).value) == parse_money(text) == amount * 1_000_000


@given(st.decimals(0, 999_999_999, places=7).filter(lambda amount: amount * 10**6 % 1 != 0))
def test_money_finer_than_millionths_is_refused_and_never_rounded(amount: Decimal) -> None:
    with pytest.raises(ValueError, match="decimals"):
        parse_money(f"{amount:f}")


@untimed
@given(st.text(max_size=60) | st.text("{}[]:,-?&*!|>'\"#%@` \n\ta1", max_size=60))
def test_no_text_makes_the_parser_raise(text: str) -> None:
    document = parse(text)
    assert document.faults or document.value is None or () in document.lines


@given(ANYTHING.map(json.dumps))
def test_json_of_plain_values_is_read_as_json_reads_it(text: str) -> None:
    assume("\\u" not in text)  # YAML knows no escapes of two halves, and refuses characters that JSON hides in one
    assert _plain(parse(text).value) == _plain(json.loads(text, parse_float=Decimal))


def _plain(value: object) -> object:
    """Return a value with its numbers as texts, as which those are read that are too long for any setting."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


@untimed
@given(st.binary(max_size=80))
def test_no_bytes_make_loading_crash(monitor: bytes) -> None:
    try:
        load_text(monitor)
    except ConfigError as error:
        assert error.problems  # noqa: PT017 - there need not be one


@untimed
@given(SECTIONS)
def test_whatever_stands_in_a_file_is_a_setting_or_a_problem(config: dict[str, object]) -> None:
    try:
        load_text(json.dumps(config).encode())
    except ConfigError as error:
        assert error.problems  # noqa: PT017 - there need not be one
        assert len(str(error).splitlines()) == len(error.problems)  # noqa: PT017


@untimed
@given(MONITORS)
def test_settings_that_are_written_out_and_read_again_are_the_same(config: dict[str, object]) -> None:
    first = load_text(write(config).encode())
    again = load_text(write(first.monitor.model_dump(mode="json")).encode())
    assert again.policy() == first.policy()
    assert again.monitor == first.monitor


@untimed
@given(MONITORS)
def test_a_setting_means_the_same_in_a_file_and_in_a_variable(config: dict[str, Any]) -> None:
    env = {}
    for name, value in config.items():
        inner = (
            value
            if name in ("thresholds", "linking", "objectives", "detection", "costs", "http", "kafka", "board")
            else {None: value}
        )
        for key, plain in inner.items():
            path = "__".join(part for part in (name, key) if part is not None).upper()
            env[f"OUTCOME_MONITOR__{path}"] = plain if isinstance(plain, str) else write(plain)
    assert load(None, env).monitor == load_text(write(config).encode()).monitor


@untimed
@given(st.integers(0, 30), st.sampled_from(("# note", "")))
def test_the_line_of_a_problem_is_the_line_of_the_key(above: int, filler: str) -> None:
    text = f"{filler}\n" * above + "http:\n  host: a\n  port: high\n"
    with pytest.raises(ConfigError) as caught:
        load_text(text.encode())
    (problem,) = caught.value.problems
    assert problem.origin.line == above + 3
