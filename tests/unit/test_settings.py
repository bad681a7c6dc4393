"""Settings: what may stand in the files and the environment, what it comes to, and what is said where it is wrong."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from jsonschema import Draft202012Validator

from streams.bootstrap import make_context
from streams.domain.policy import Nudging, Policy, QuietHours, Rate, Reason, Window
from streams.domain.spikes import Detection
from streams.domain.units import DAY, HOUR, MINUTE, SECOND
from streams.exporter.context import Context, Objective
from streams.settings import ConfigError, Settings, load, render, schemas
from streams.sources.simulator.presets import demo_plan

CONFIG = Path(__file__).parents[2] / "config"
EXAMPLES = {"teams", "queues", "costs.rates"}
SALT = "0123456789abcdef"

Write = Callable[..., Path]
NO_VARIABLES: Mapping[str, str] = {}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write the two files of a folder named ``config``, which messages then name as users see it."""
    monkeypatch.chdir(tmp_path)

    def write_files(monitor: str | bytes = "", reasons: str = "") -> Path:
        folder = Path("config")
        folder.mkdir()
        (folder / "monitor.yaml").write_bytes(monitor if isinstance(monitor, bytes) else monitor.encode())
        (folder / "reasons.yaml").write_text(reasons, encoding="utf-8")
        return folder

    return write_files


def problems(folder: Path | None, env: Mapping[str, str] = NO_VARIABLES) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, env)
    return str(caught.value).splitlines()


def described(settings: Settings) -> dict[str, tuple[str, str]]:
    return {setting.key: (setting.value, setting.origin) for setting in settings.describe()}


def test_without_a_folder_the_defaults_are_the_policy_that_the_domain_presumes() -> None:
    settings = load(None, NO_VARIABLES)
    assert settings.policy() == Policy()
    assert {setting.origin for setting in settings.describe()} == {"default"}


def test_empty_files_mean_the_defaults(write: Write) -> None:
    assert load(write(), NO_VARIABLES).describe() == load(None, NO_VARIABLES).describe()


def test_the_committed_files_say_the_defaults_but_for_their_examples() -> None:
    committed = load(CONFIG, NO_VARIABLES).monitor.model_dump(mode="json")
    defaults = load(None, NO_VARIABLES).monitor.model_dump(mode="json")
    for config in (committed, defaults):
        del config["teams"], config["queues"], config["costs"]["rates"]
    assert committed == defaults


def test_the_committed_files_set_every_key_so_that_nobody_has_to_look_elsewhere() -> None:
    unset = [setting.key for setting in load(CONFIG, NO_VARIABLES).describe() if setting.origin == "default"]
    optional = ("queues.", "costs.rates[", "reasons.", "secrets.")
    assert [key for key in unset if not key.startswith(optional)] == []


def test_the_committed_files_know_what_the_simulator_plays() -> None:
    policy, plan = load(CONFIG, NO_VARIABLES).policy(), demo_plan()
    assert policy.queue_team == {queue.name: queue.team for queue in plan.queues}
    played = {name: reason.demand for queue in plan.queues for name, reason in queue.reasons.items()}
    assert {name: policy.reasons[name].demand for name in played} == played
    assert all(policy.reasons[name].demand == "failure" for name in ("chase", "clarify", "redo", "misrouted"))


@pytest.mark.parametrize("name", ["monitor", "reasons"])
def test_the_committed_files_fit_the_schema_that_their_first_line_names(name: str) -> None:
    text = (CONFIG / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.splitlines()[0] == f"# yaml-language-server: $schema=./schema/{name}.schema.json"
    Draft202012Validator.check_schema(schemas()[f"{name}.schema.json"])
    Draft202012Validator(schemas()[f"{name}.schema.json"]).validate(yaml.safe_load(text))


def test_the_committed_schemas_are_those_of_the_models() -> None:
    for name, schema in schemas().items():
        assert (CONFIG / "schema" / name).read_text(encoding="utf-8") == render(schema)


@pytest.mark.parametrize(
    "bad", [{"windows": ["8d"]}, {"lateness": 10}, {"tresholds": {}}, {"costs": {"rates": [{"per_hour": -1}]}}]
)
def test_the_schema_refuses_what_the_monitor_refuses(bad: dict[str, object], write: Write) -> None:
    assert list(Draft202012Validator(schemas()["monitor.schema.json"]).iter_errors(bad))
    assert problems(write(json.dumps(bad)))


def test_every_setting_that_changes_a_number_reaches_the_policy(write: Write) -> None:
    folder = write(
        """
        windows: [12h, 14d]
        lateness: 500ms
        retry_within: 2h
        thresholds: {answer: 30s, short_abandon: 3s}
        linking: {by_identity: true}
        nudges: {expiry: 20m, waiting: 4, warn_at: 0.5, limit: 30, span: 5m, quiet: "21:30-06:15"}
        objectives: {service_level: 0.9, failure: 0.1, window: 14d}
        detection: {false_alarms: 2, least_contacts: 9, time_zone: Europe/Paris}
        teams: [blue, red]
        queues: {billing: {team: blue, answer_threshold: 1m, resolve_within: 3d}, cards: {}}
        kafka: {partitions: 6}
        costs: {currency: USD, rates: [{per_hour: 38.000001, team: blue, channel: voice}, {per_hour: "40"}]}
        limits: {contacts_per_customer: 7, events_per_contact: 8, open_contact_expiry: 90d}
        labels: {budget: {queue: 1, team: 2, channel: 3, reason: 4}}
        """,
        "reasons: {chase: {demand: failure, cost_category: react, owner: ops}}",
    )
    assert load(folder, NO_VARIABLES).policy() == Policy(
        windows=(Window("12h", 12 * HOUR), Window("14d", 14 * DAY)),
        lateness=500,
        retry_within=2 * HOUR,
        short_abandon=3 * SECOND,
        answer_threshold=30 * SECOND,
        queue_answer_threshold={"billing": 60 * SECOND},
        queue_team={"billing": "blue"},
        link_by_identity=True,
        reasons={"chase": Reason("failure", "react", "ops")},
        rates=(Rate(38_000_001, "blue", "voice"), Rate(40_000_000)),
        currency="USD",
        open_contact_expiry=90 * DAY,
        contacts_per_customer=7,
        events_per_contact=8,
        label_budget={"queue": 1, "team": 2, "channel": 3, "reason": 4},
        nudging=Nudging(
            expiry=20 * MINUTE,
            waiting=4,
            resolve_within={"billing": 3 * DAY},
            warn_at=0.5,
            limit=30,
            span=5 * MINUTE,
            shares=6,
            quiet=QuietHours(21 * 60 + 30, 6 * 60 + 15, ZoneInfo("Europe/Paris")),
        ),
        declared_labels={
            "queue": frozenset({"billing", "cards"}),
            "team": frozenset({"blue", "red"}),
            "channel": frozenset({"voice"}),
            "reason": frozenset({"chase"}),
        },
    )


def test_what_changes_no_total_reaches_the_exporter(write: Write) -> None:
    folder = write(
        """
        windows: [1d, 14d]
        objectives: {service_level: 0.9, failure: 0.1}
        detection: {false_alarms: 2, least_contacts: 9, time_zone: Europe/Paris}
        queues: {billing: {failure: 0.05}, cards: {service_level: 0.7}}
        """,
        "reasons: {chase: {demand: failure, cost_category: react, owner: ops}}",
    )
    assert make_context(load(folder, NO_VARIABLES)) == Context(
        Detection(2, 9, ZoneInfo("Europe/Paris")),
        Objective(0.9, 0.1),
        {"billing": Objective(0.9, 0.05), "cards": Objective(0.7, 0.1)},
        "14d",
        {"chase": Reason("failure", "react", "ops")},
    )


@pytest.mark.parametrize(("windows", "chosen", "holds"), [("[1d, 7d, 14d]", "null", "7d"), ("[1d, 7d]", "1d", "1d")])
def test_the_window_of_the_failure_objective_can_be_chosen(write: Write, windows: str, chosen: str, holds: str) -> None:
    folder = write(f"windows: {windows}\nobjectives: {{window: {chosen}}}")
    assert make_context(load(folder, NO_VARIABLES)).window == holds


def test_names_are_texts_even_where_yaml_would_have_them_otherwise(write: Write) -> None:
    folder = write("queues: {on: {}, 1200: {}, 12:30: {}, null: {}, 2026-01-01: {}}")
    assert list(load(folder, NO_VARIABLES).monitor.queues) == ["on", "1200", "12:30", "null", "2026-01-01"]


def test_a_variable_overrides_the_file_and_says_so(write: Write) -> None:
    env = {"OUTCOME_MONITOR__HTTP__PORT": "9000", "OUTCOME_MONITOR__WINDOWS": "[1d, 5d]"}
    shown = described(load(write("http:\n  port: 80\n  host: '::1'\nwindows:\n  - 2d\n"), env))
    assert shown["http.port"] == ("9000", "env OUTCOME_MONITOR__HTTP__PORT")
    assert shown["windows"] == ("[1d, 5d]", "env OUTCOME_MONITOR__WINDOWS")
    assert shown["http.host"] == ("::1", "config/monitor.yaml:3")
    assert shown["http.max_body"] == ("5 MiB", "default")


def test_a_text_in_a_variable_is_taken_as_it_stands_and_a_mapping_is_read_as_json() -> None:
    env = {
        "OUTCOME_MONITOR__STORAGE__PATH": "2026",
        "OUTCOME_MONITOR__QUEUES": '{"a queue": {"team": "blue"}}',
        "OUTCOME_MONITOR__REASONS": '{"chase": {"demand": null, "cost_category": "react", "owner": "ops"}}',
    }
    shown = described(load(None, env))
    assert shown["storage.path"] == ("2026", "env OUTCOME_MONITOR__STORAGE__PATH")
    assert shown["queues['a queue'].team"] == ("blue", "env OUTCOME_MONITOR__QUEUES")
    assert shown["reasons.chase.owner"] == ("ops", "env OUTCOME_MONITOR__REASONS")


def test_variables_with_one_underscore_are_not_ours() -> None:
    env = {"OUTCOME_MONITOR_PORT": "tcp://10.0.0.1:8088", "OUTCOME_MONITOR_SERVICE_HOST": "10.0.0.1"}
    assert load(None, env) == load(None, NO_VARIABLES)


def test_a_secret_comes_from_a_variable_or_from_a_file_and_is_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "salt"
    file.write_text(SALT + "\n", encoding="utf-8")
    for name, text in (("EXEMPLAR_SALT", SALT), ("EXEMPLAR_SALT_FILE", str(file))):
        settings = load(None, {f"OUTCOME_MONITOR__SECRETS__{name}": text})
        assert settings.secrets.exemplar_salt is not None
        assert settings.secrets.exemplar_salt.get_secret_value() == SALT
        assert described(settings)["secrets.exemplar_salt"] == ("**********", f"env OUTCOME_MONITOR__SECRETS__{name}")
        assert SALT not in repr(settings)


def test_errors_of_secrets_do_not_quote_them() -> None:
    name = "OUTCOME_MONITOR__SECRETS__EXEMPLAR_SALT"
    assert problems(None, {name: "hush"}) == [
        f"env {name}: secrets.exemplar_salt: has 4 bytes; give it 16 to 64 random ones"
    ]
    assert problems(None, {name: SALT, f"{name}_FILE": "/run/salt"}) == [
        f"env {name}_FILE: secrets.exemplar_salt: is set by {name} too; keep one of them"
    ]
    assert problems(None, {f"{name}_FILE": "/nowhere/salt"}) == [
        (
            f"env {name}_FILE: secrets.exemplar_salt: cannot read '/nowhere/salt': No such file or directory; "
            "name a file that holds the secret"
        )
    ]


def test_a_queue_that_the_config_declares_is_described_under_its_own_line(write: Write) -> None:
    shown = described(load(write("queues:\n  billing:\n    team: blue\n"), NO_VARIABLES))
    assert shown["queues.billing.team"] == ("blue", "config/monitor.yaml:3")
    assert shown["queues.billing.answer_threshold"] == ("null", "default")
