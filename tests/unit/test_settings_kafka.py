"""Settings for Kafka: what they come to, what is said where they are wrong, and that passwords stay secret."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from streams.bootstrap.kafka import kafka_config
from streams.domain.units import DAY, HOUR, MINUTE
from streams.engines.kafka.config import KafkaConfig, Sasl, Security, Tls, Topic, Topics
from streams.settings import Settings, load
from tests.cli import Cli
from tests.config_folder import COMMITTED, NO_VARIABLES, loaded, problems

PREFIX = "OUTCOME_MONITOR__KAFKA__"
PASSWORD_VARIABLE = "OUTCOME_MONITOR__SECRETS__KAFKA_PASSWORD"  # noqa: S105 - the name of one
HUSH = "hush # 0: it's"
LOGIN = "kafka: {security: {sasl: {mechanism: SCRAM-SHA-512, username: monitor, password_file: password}}}"
LOGIN_WITHOUT_FILE = "kafka: {security: {sasl: {mechanism: PLAIN, username: monitor}}}"

pytestmark = pytest.mark.usefixtures("folder")


def described(settings: Settings) -> dict[str, tuple[str, str]]:
    return {setting.key: (setting.value, setting.origin) for setting in settings.describe()}


@pytest.mark.parametrize("config", [None, COMMITTED])
def test_the_defaults_are_those_that_the_engine_presumes(config: Path | None) -> None:
    assert kafka_config(load(config, NO_VARIABLES)) == KafkaConfig()


def test_every_setting_reaches_the_engine(folder: Path) -> None:
    (folder / "password").write_text(f"{HUSH}\n", encoding="utf-8")
    settings = loaded(
        """
        kafka:
          brokers: [kafka-1.example:9092, "[::1]:9093"]
          application: monitor.of_night-shift
          partitions: 24
          replication: 3
          topics:
            interactions: {name: a, retention: 1h}
            facts: {name: b, retention: 2h}
            outcomes: {name: c, retention: 3h}
            nudges: {name: d, retention: 4h}
            dead_letters: {name: e, retention: 5h}
            ledger: {name: f}
            state: {name: g}
          state: /var/lib/monitor
          cache: 1 GiB
          write_buffer: 1 MiB
          standbys: 1
          session_timeout: 1m
          transaction_timeout: 15m
          batch: 500
          tick: off
          security:
            tls:
              {enabled: true, ca_file: ca.pem, cert_file: /etc/cert.pem, key_file: keys/key.pem, check_hostname: false}
            sasl: {mechanism: SCRAM-SHA-256, username: monitor, password_file: password}
        """
    )
    assert kafka_config(settings) == KafkaConfig(
        brokers=("kafka-1.example:9092", "[::1]:9093"),
        application="monitor.of_night-shift",
        partitions=24,
        replication=3,
        topics=Topics(
            interactions=Topic("a", 1 * HOUR),
            facts=Topic("b", 2 * HOUR),
            outcomes=Topic("c", 3 * HOUR),
            nudges=Topic("d", 4 * HOUR),
            dead_letters=Topic("e", 5 * HOUR),
            ledger=Topic("f"),
            state=Topic("g"),
        ),
        state=Path("/var/lib/monitor"),
        cache=1 << 30,
        write_buffer=1 << 20,
        standbys=1,
        session_timeout=MINUTE,
        transaction_timeout=15 * MINUTE,
        batch=500,
        tick=None,
        security=Security(
            Tls(folder / "ca.pem", Path("/etc/cert.pem"), folder / "keys/key.pem", check_hostname=False),
            Sasl("SCRAM-SHA-256", "monitor", HUSH),
        ),
    )
    assert described(settings)["kafka.tick"] == ("off", "config/monitor.yaml:22")


def test_a_topic_that_is_named_keeps_its_retention_and_the_other_way_round() -> None:
    settings = loaded("kafka: {topics: {nudges: {name: mine}, outcomes: {retention: 1d}}}")
    topics = replace(Topics(), nudges=Topic("mine", 7 * DAY), outcomes=Topic("contact.outcomes.v1", DAY))
    assert kafka_config(settings).topics == topics


def test_variables_override_settings_of_any_depth() -> None:
    env = {
        "BROKERS": "[a:1, b:2]",
        "APPLICATION": "2026",
        "REPLICATION": "default",
        "TICK": "250ms",
        "TOPICS__LEDGER__NAME": "totals",
        "SECURITY__TLS__ENABLED": "true",
        "SECURITY__TLS__CA_FILE": "ca.pem",
        "SECURITY__SASL__MECHANISM": "PLAIN",
        "SECURITY__SASL__USERNAME": "007",
    }
    variables = {PREFIX + name: text for name, text in env.items()} | {PASSWORD_VARIABLE: HUSH}
    settings = loaded("kafka:\n  brokers: [z:9]\n  replication: 2\n", variables)
    config = kafka_config(settings)
    assert config.brokers == ("a:1", "b:2")
    assert config.application == "2026"
    assert config.replication is None
    assert config.tick == 250
    assert config.topics.ledger == Topic("totals")
    assert config.security == Security(Tls(Path("ca.pem")), Sasl("PLAIN", "007", HUSH))
    assert described(settings)["kafka.brokers"] == ("[a:1, b:2]", f"env {PREFIX}BROKERS")


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_password_file_is_beside_the_file_that_names_it_and_may_end_its_line(folder: Path, ending: str) -> None:
    (folder / "password").write_bytes((HUSH + ending).encode())
    settings = loaded(LOGIN)
    assert kafka_config(settings).security.sasl == Sasl("SCRAM-SHA-512", "monitor", HUSH)
    assert described(settings)["secrets.kafka_password"] == ("**********", "config/monitor.yaml:1")


def test_a_password_file_that_a_variable_names_is_in_the_working_folder() -> None:
    Path("password").write_text(HUSH, encoding="utf-8")
    settings = loaded(LOGIN_WITHOUT_FILE, {f"{PREFIX}SECURITY__SASL__PASSWORD_FILE": "password"})
    assert kafka_config(settings).security.sasl == Sasl("PLAIN", "monitor", HUSH)


def test_a_password_can_be_in_a_variable_or_in_the_file_that_one_names() -> None:
    Path("password").write_text(f"{HUSH}\n", encoding="utf-8")
    for env in ({PASSWORD_VARIABLE: HUSH}, {f"{PASSWORD_VARIABLE}_FILE": "password"}):
        assert kafka_config(loaded(LOGIN_WITHOUT_FILE, env)).security.sasl == Sasl("PLAIN", "monitor", HUSH)


def test_a_password_is_never_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "password").write_text("s3cr3t", encoding="utf-8")
    settings = loaded(LOGIN)
    config = kafka_config(settings)
    assert config.security.sasl is not None
    ran = Cli(monkeypatch, capsys)("check-config", folder)
    assert ran.code == 0
    assert "secrets.kafka_password" in ran.out
    assert "s3cr3t" not in ran.out + ran.err + repr(settings) + repr(config)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("brokers: []", "brokers: is empty; give at least one"),
        ("brokers: a:1", "brokers: 'a:1' is not a list; write it in brackets or as lines with dashes"),
        ("partitions: 0", "partitions: 0 is too small; the least is 1"),
        ("partitions: 1001", "partitions: 1001 is too large; the most is 1000"),
        ("replication: 0", "replication: 0 is neither a number from 1 to 10 nor default"),
        ("replication: true", "replication: true is neither a number from 1 to 10 nor default"),
        ("standbys: 11", "standbys: 11 is too large; the most is 10"),
        ("cache: 1023 KiB", "cache: 1023 KiB is too small; the least is 1 MiB"),
        ("session_timeout: 5s", "session_timeout: 5s is not between 6s and 30m"),
        ("transaction_timeout: 16m", "transaction_timeout: 16m is not between 1s and 15m"),
        ("batch: 100001", "batch: 100001 is too large; the most is 100000"),
        ("tick: 2h", "tick: 2h is not between 100ms and 1h; or off, for never"),
        ("topics: {facts: {retention: 1m}}", "topics.facts.retention: 1m is not between 1h and 3650d"),
        ("topics: {ledger: {retention: 1d}}", "topics.ledger.retention: unknown key; the keys here are name"),
        (
            "topics: {nudges: {name: contact.facts.v1}}",
            (
                "topics.nudges.name: 'contact.facts.v1' is the name of kafka.topics.facts too; "
                "give each a name of its own"
            ),
        ),
        (
            "security: {tls: {enabled: true, key_file: key.pem}}",
            (
                "security.tls.key_file: is set, and cert_file is not; "
                "name the file of the certificate that the key is for"
            ),
        ),
        (
            "security: {tls: {ca_file: ca.pem}}",
            (
                "security.tls.ca_file: is set, and TLS is not enabled; "
                "set kafka.security.tls.enabled to true, or leave it out"
            ),
        ),
        (
            "security: {sasl: {mechanism: GSSAPI}}",
            "security.sasl.mechanism: 'GSSAPI' is not known; use 'PLAIN', 'SCRAM-SHA-256' or 'SCRAM-SHA-512'",
        ),
        (
            "security: {sasl: {username: monitor}}",
            (
                "security.sasl.username: is set, and mechanism is not; "
                "set kafka.security.sasl.mechanism, or leave it out"
            ),
        ),
        (
            "security: {sasl: {mechanism: PLAIN, username: monitor}}",
            (
                "security.sasl.password_file: is missing, and PLAIN needs it; "
                f"name the file that holds the password, or set {PASSWORD_VARIABLE}"
            ),
        ),
        (
            "security: {sasl: {mechanism: PLAIN, username: monitor, password: hush}}",
            (
                "security.sasl.password: unknown key; did you mean password_file? "
                "The keys here are mechanism, username, password_file"
            ),
        ),
    ],
)
def test_a_wrong_setting_is_told_with_its_line_and_what_would_be_right(text: str, message: str) -> None:
    assert problems(f"kafka:\n  {text}") == [f"config/monitor.yaml:2: kafka.{message}"]


@pytest.mark.parametrize(
    "broker", ["kafka", "kafka:", ":9092", "a b:9092", "kafka:0", "kafka:65536", "a:1,b:2", "::1:1"]
)
def test_a_broker_is_a_host_and_a_port(broker: str) -> None:
    assert problems(env={f"{PREFIX}BROKERS": f'["{broker}"]'}) == [
        (
            f"env {PREFIX}BROKERS: kafka.brokers[0]: '{broker}' is not host:port; "
            "write a name or an address and a port, such as 127.0.0.1:9092"
        )
    ]


@pytest.mark.parametrize("name", ["a b", "a/b", "..", "è"])
@pytest.mark.parametrize("key", ["application", "topics.facts.name"])
def test_a_name_for_kafka_is_of_the_letters_that_it_takes(key: str, name: str) -> None:
    variable = PREFIX + key.upper().replace(".", "__")
    told = "is not a name for Kafka; use letters, digits, dots, underscores and hyphens alone"
    assert problems(env={variable: name}) == [f"env {variable}: kafka.{key}: '{name}' {told}"]


def test_a_mechanism_without_a_user_and_a_password_is_told_both() -> None:
    told = problems("kafka:\n  security:\n    sasl:\n      mechanism: PLAIN\n")
    assert [line.split(": ")[:2] for line in told] == [
        ["config/monitor.yaml:3", "kafka.security.sasl.username"],
        ["config/monitor.yaml:3", "kafka.security.sasl.password_file"],
    ]


def test_a_password_that_no_mechanism_proves_is_told_and_not_quoted() -> None:
    told = "is set, and mechanism is not; set kafka.security.sasl.mechanism, or leave it out"
    assert problems(env={PASSWORD_VARIABLE: HUSH}) == [f"env {PASSWORD_VARIABLE}: secrets.kafka_password: {told}"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read 'config/password': No such file or directory; name a file that holds the secret"),
        (b"\xff", "cannot read 'config/password': not a text in UTF-8; name a file that holds the secret"),
        (b"\n", "is empty; give it the password"),
        (b"hush\nhush\n", "holds a control character or more than one line; give it the password alone"),
    ],
)
def test_a_password_file_that_holds_no_password_is_told_and_not_quoted(
    folder: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        (folder / "password").write_bytes(content)
    assert problems(LOGIN) == [f"config/monitor.yaml:1: kafka.security.sasl.password_file: {message}"]


def test_a_password_that_is_given_twice_is_told(folder: Path) -> None:
    (folder / "password").write_text(HUSH, encoding="utf-8")
    assert problems(LOGIN, {PASSWORD_VARIABLE: HUSH}) == [
        (
            "config/monitor.yaml:1: kafka.security.sasl.password_file: "
            f"is set, and so is {PASSWORD_VARIABLE} or …_FILE; keep one of them"
        )
    ]


def test_a_variable_with_an_empty_password_is_told_once() -> None:
    assert problems(LOGIN_WITHOUT_FILE, {PASSWORD_VARIABLE: ""}) == [
        f"env {PASSWORD_VARIABLE}: secrets.kafka_password: is empty; give it the password"
    ]


def test_who_runs_without_kafka_needs_none_of_its_libraries() -> None:
    libraries = "{'aiokafka', 'faust', 'mode', 'rocksdict'}"
    code = f"import streams.cli, streams.bootstrap, sys; print(*({libraries} & sys.modules.keys()))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=COMMITTED.parent)  # noqa: S603 - our own code
    assert ran.stdout.split() == []
