"""What is said where the configuration is wrong: the file, the line, the key, and what would be right."""

from pathlib import Path

import pytest

from streams.settings import ConfigError, load
from tests.config_folder import NO_VARIABLES, problems

WINDOWS = "1h, 4h, 12h, 1d, 2d, 3d, 5d, 7d, 14d, 30d"
EMPTY = "is empty; give it a value, or leave the key out"
NOT_A_MAPPING = "is not a mapping; write keys and values below it"
A_DURATION = "write a whole number and its unit (ms, s, m, h, d), such as 10s or 24h"

pytestmark = pytest.mark.usefixtures("folder")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "windows: [1d, 8d]",
            f"windows[1]: '8d' is not one of the age bounds that cohorts are counted by; use one of {WINDOWS}",
        ),
        (
            "windows: [7d, 1d, 7d]",
            "windows: must go from the shortest to the longest, each once; write [1d, 7d]",
        ),
        (
            "windows: [8d]",
            f"windows[0]: '8d' is not one of the age bounds that cohorts are counted by; use one of {WINDOWS}",
        ),
        ("windows: []", "windows: is empty; give at least one"),
        ("windows: 1d", "windows: '1d' is not a list; write it in brackets or as lines with dashes"),
        ("lateness: 10", f"lateness: 10 is not a duration; {A_DURATION}"),
        ("lateness: 1.5h", f"lateness: '1.5h' is not a duration; {A_DURATION}"),
        ("lateness: 25h", "lateness: 25h is not between 0s and 24h"),
        (
            "nudges: {quiet: 22-7}",
            "nudges.quiet: '22-7' are no hours of the day; write when they begin and end, such as 22:00-07:00",
        ),
        (
            "nudges: {quiet: '07:00-07:00'}",
            "nudges.quiet: '07:00-07:00' are no hours of the day; write when they begin and end, such as 22:00-07:00",
        ),
        ("nudges: {expiry: 30s}", "nudges.expiry: 30s is not between 1m and 24h"),
        ("lateness:", f"lateness: {EMPTY}"),
        ("thresholds:", f"thresholds: {EMPTY}"),
        ("thresholds: 20s", f"thresholds: '20s' {NOT_A_MAPPING}"),
        ("queues: [billing]", f"queues: ['billing'] {NOT_A_MAPPING}"),
        ("queues: {billing: blue}", f"queues.billing: 'blue' {NOT_A_MAPPING}"),
        (f"teams: [{'a' * 201}]", "teams[0]: is too long; the most is 200 characters"),
        ("queues: {'': {}}", f"queues['']: {EMPTY}"),
        ('queues: {"a\\tb": {}}', "queues['a\\tb']: 'a\\tb' holds a control character; leave it out"),
        ("teams: [12]", "teams[0]: 12 is not a text; put it in quotes if it is meant as one"),
        ("linking: {by_identity: yes}", "linking.by_identity: 'yes' is neither true nor false"),
        ("objectives: {failure: 15}", "objectives.failure: 15 is too large; it must be less than 1"),
        ("objectives: {failure: 0}", "objectives.failure: 0 is too small; it must be more than 0"),
        ("objectives: {service_level: 80 %}", "objectives.service_level: '80 %' is not a number"),
        (
            "objectives: {window: 14d}",
            "objectives.window: 14d is not one of the windows (1d, 7d, 30d); choose one of them, or add it there",
        ),
        ("detection: {false_alarms: 0}", "detection.false_alarms: 0 is too small; it must be more than 0"),
        (
            "detection: {time_zone: CET+1}",
            (
                "detection.time_zone: 'CET+1' is no time zone that this machine knows; "
                "write a name such as Europe/Paris, or UTC"
            ),
        ),
        ("http: {port: 8O80}", "http.port: '8O80' is not a whole number"),
        ("http: {port: true}", "http.port: true is not a whole number"),
        ("http: {port: 70000}", "http.port: 70000 is too large; the most is 65535"),
        ("storage: {batch: 0}", "storage.batch: 0 is too small; the least is 1"),
        (
            "http: {max_body: 5 MB}",
            "http.max_body: '5 MB' is not a size; write a whole number and its unit (B, KiB, MiB, GiB), such as 5 MiB",
        ),
        (
            "costs: {currency: euro}",
            "costs.currency: 'euro' is not a currency; write the three capitals of its ISO 4217 code, such as EUR",
        ),
        ("costs: {rates: [{team: blue}]}", "costs.rates[0].per_hour: is missing; it has no default"),
        (
            "costs: {rates: [{per_hour: 38.1234567}]}",
            "costs.rates[0].per_hour: 38.1234567 has more than six decimals; round it",
        ),
        (
            "costs: {rates: [{per_hour: -3}]}",
            "costs.rates[0].per_hour: -3 is not an amount; write a number such as 38.50",
        ),
        (
            "costs: {rates: [{per_hour: 1e999}]}",
            "costs.rates[0].per_hour: 1E+999 is not an amount; write a number such as 38.50",
        ),
        (
            "costs: {rates: [{per_hour: 1, channel: chat}, {per_hour: 2, team: blue, channel: chat}]}",
            "costs.rates[1]: never counts, since costs.rates[0] fits wherever it does; move it up, or leave it out",
        ),
        (
            "retry_within: 40d",
            (
                "retry_within: 40d is longer than the longest window, 30d, after which a customer is forgotten; "
                "make it shorter"
            ),
        ),
        (
            "nudges: {limit: 11}",
            (
                "nudges.limit: 11 is less than kafka.partitions, 12, between which it is divided on any engine; "
                "make it 12 or more"
            ),
        ),
        (
            "{teams: [blue, red], queues: {billing: {team: bleu}}}",
            (
                "queues.billing.team: 'bleu' is not one of the teams (blue, red); did you mean blue? "
                "Otherwise add it there"
            ),
        ),
        (
            "{teams: [blue, red], costs: {rates: [{per_hour: 1, team: green}]}}",
            "costs.rates[0].team: 'green' is not one of the teams (blue, red); add it there",
        ),
        (
            "thresholds: {answr: 20s}",
            "thresholds.answr: unknown key; did you mean answer? The keys here are answer, short_abandon",
        ),
        (
            "costs: {rates: [{per_hour: 1, colour: red}]}",
            "costs.rates[0].colour: unknown key; the keys here are per_hour, team, channel",
        ),
        (
            "secrets: {exemplar_salt: hush}",
            (
                "secrets: a secret belongs in no file; set OUTCOME_MONITOR__SECRETS__<NAME>, "
                "or …_FILE to the path of its file"
            ),
        ),
        ("limits: !ours {}", "limits: the tag '!ours' is not understood here; leave it out"),
        ("http: {port: !!int high}", "http.port: the tag '!!int' is not understood here; leave it out"),
        ("teams: &all [*all]", "is not YAML: aliases are not understood; write the value out"),
        ("? [a]\n: b", "a key is a list or a mapping; write a text"),
        ("teams: [blue", "is not YAML: while parsing a flow sequence, expected ',' or ']', but got '<stream end>'"),
        ("teams: \x01", "is not YAML: character U+0001 is not allowed; leave it out"),
    ],
)
def test_a_wrong_setting_is_told_with_its_line_and_what_would_be_right(text: str, message: str) -> None:
    assert problems(f"# one\n# two\n{text}") == [f"config/monitor.yaml:3: {message}"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5", "5 is not a mapping; write keys and values"),
        (b"teams: [\xff]", "byte 8 is not UTF-8 (invalid start byte); save it as UTF-8"),
        ("[" * 10_000, "is not YAML that settings could be read from: it nests too deeply"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_named(text: str | bytes, message: str) -> None:
    assert problems(text) == [f"config/monitor.yaml: {message}"]


def test_a_reason_must_say_what_kind_of_demand_and_cost_it_is_and_who_owns_it() -> None:
    reasons = (
        "reasons:\n  chase:\n    demand: often\n  redo: {demand: null, cost_category: fix, owner: ops, since: 1d}\n"
    )
    assert problems(reasons=reasons) == [
        "config/reasons.yaml:2: reasons.chase.cost_category: is missing; it has no default",
        "config/reasons.yaml:2: reasons.chase.owner: is missing; it has no default",
        "config/reasons.yaml:3: reasons.chase.demand: 'often' is not known; use 'value' or 'failure'",
        "config/reasons.yaml:4: reasons.redo.cost_category: 'fix' is not known; use 'deliver', 'react' or 'change'",
        (
            "config/reasons.yaml:4: reasons.redo.since: unknown key; "
            "the keys here are demand, cost_category, owner, description"
        ),
    ]


def test_all_problems_of_all_files_are_told_at_once_in_the_order_of_their_lines() -> None:
    env = {"OUTCOME_MONITOR__HTTP__PORT": "x"}
    told = problems("http: {host: ''}\nlateness: x\nlateness: 5s\nwindows: []\n", env, "reason: {}")
    assert [line.split(": ")[0:2] for line in told] == [
        ["config/monitor.yaml:1", "http.host"],
        ["config/monitor.yaml:2", "lateness"],
        ["config/monitor.yaml:3", "lateness"],
        ["config/monitor.yaml:4", "windows"],
        ["env OUTCOME_MONITOR__HTTP__PORT", "http.port"],
        ["config/reasons.yaml:1", "reason"],
    ]


def test_a_key_that_is_set_twice_is_told_with_both_lines() -> None:
    assert problems("http:\n  port: 1\n  host: a\n  port: 2\n") == [
        "config/monitor.yaml:4: http.port: is set twice, first in line 2; keep one of them"
    ]


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "reasons.yaml").unlink()
    with pytest.raises(ConfigError) as caught:
        load(folder, NO_VARIABLES)
    told = "there is no such file; make it (an empty one will do), or name another folder"
    assert str(caught.value) == f"config/reasons.yaml: {told}"


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "reasons.yaml").unlink()
    (folder / "reasons.yaml").mkdir()
    with pytest.raises(ConfigError) as caught:
        load(folder, NO_VARIABLES)
    assert str(caught.value) == "config/reasons.yaml: Is a directory; make it a file that this user may read"


def test_a_missing_folder_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        load(Path("elsewhere"), NO_VARIABLES)
    assert str(caught.value) == "elsewhere: is not a folder; name the one that holds monitor.yaml and reasons.yaml"


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("HTTP__PORT", "high", "http.port: 'high' is not a whole number"),
        ("HTTP__PORT", "", f"http.port: {EMPTY}"),
        ("STORAGE__PATH", "", f"storage.path: {EMPTY}"),
        ("COSTS__RATES", '[{"per_hour": true}]', ("costs.rates[0].per_hour: true is not an amount; "
         "write a number such as 38.50")),
        ("TEAMS", "[a", ("teams: is not YAML: while parsing a flow sequence, expected ',' or ']', "
         "but got '<stream end>'")),
        ("HTTP__PROT", "1", "unknown variable; the closest one that there is: OUTCOME_MONITOR__HTTP__PORT"),
        ("HTTP__PORT_FILE", "1", "unknown variable; the closest one that there is: OUTCOME_MONITOR__HTTP__PORT"),
        ("QUEUES__BILLING__TEAM", "a", ("unknown variable; queues can only be set as a whole, in JSON or YAML, "
         "by OUTCOME_MONITOR__QUEUES")),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_named(variable: str, text: str, message: str) -> None:
    name = f"OUTCOME_MONITOR__{variable}"
    assert problems(env={name: text}) == [f"env {name}: {message}"]


def test_a_variable_in_small_letters_is_not_passed_over() -> None:
    told = "unknown variable; the closest one that there is: OUTCOME_MONITOR__HTTP__PORT"
    assert problems(env={"outcome_monitor__http__port": "1"}) == [f"env outcome_monitor__http__port: {told}"]


def test_a_variable_below_what_is_no_section_leaves_the_word_to_the_file() -> None:
    assert problems("http: 5", {"OUTCOME_MONITOR__HTTP__PORT": "1"}) == [
        f"config/monitor.yaml:1: http: 5 {NOT_A_MAPPING}"
    ]
