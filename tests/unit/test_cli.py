"""The command line: what scripts and people rely on, apart from what the commands compute."""

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from streams.cli.exits import UsageError
from streams.cli.options import parse_time
from streams.cli.serving import is_loopback, listen
from streams.cli.stopping import stopping
from streams.contracts.decode import decode
from streams.contracts.times import millis_of
from tests.cli import Cli

COMMANDS = [
    "demo",
    "run",
    "replay",
    "simulate",
    "check-config",
    "schema",
    "board",
    "board-token",
    "deliver",
    "dead-letters",
]
EXTRAS = ("aiokafka", "authlib", "faust", "grafana_foundation_sdk", "httpx", "joserfc", "rocksdict")


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(monkeypatch, capsys)


def test_the_help_names_every_command(cli: Cli) -> None:
    ran = cli("--help")
    assert ran.code == 0
    assert all(command in ran.out for command in COMMANDS)


@pytest.mark.parametrize("command", ["run", "board", "deliver", "dead-letters list"])
def test_a_file_is_not_taken_where_everything_is_in_topics(cli: Cli, command: str) -> None:
    ran = cli(*command.split(), "--engine", "kafka", "--db", "monitor.db")
    assert ran.code == 2
    assert "--db: is for the embedded engine" in ran.err


@pytest.mark.parametrize("command", [*COMMANDS[:-1], "dead-letters list", "dead-letters redrive"])
def test_the_help_of_each_command_has_an_example(cli: Cli, command: str) -> None:
    ran = cli(*command.split(), "--help")
    assert ran.code == 0
    assert "Example:" in ran.out


def test_the_command_line_needs_nothing_of_the_extras() -> None:
    without = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {EXTRAS}: raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "import streams.cli\n"
    )
    ran = subprocess.run([sys.executable, "-c", without], capture_output=True, text=True, check=False)  # noqa: S603
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_version_is_shown(cli: Cli) -> None:
    assert cli("--version").out.startswith("outcome-monitor ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay", "missing.jsonl"],
        ["replay", "-", "-"],
        ["replay", "-", "--until", "yesterday"],
        ["replay", "-", "--json", "no/such/folder/report.json"],
        ["replay", "-", "--json", "."],
        ["replay", "."],
        ["simulate", "--contacts", "1", "--out", "a", "--truth", "a"],
        ["simulate", "--contacts", "1", "--out", "a", "--start", "soon"],
        ["simulate", "--contacts", "1", "--out", "no/such/folder/a"],
        ["simulate", "--contacts", "1", "--out", "a", "--truth", "."],
        ["check-config", "missing"],
        ["run", "--host", "::"],
        ["run", "--host", "192.0.2.1"],
        ["run", "--db", ":memory:"],
        ["run", "--from", "missing.jsonl"],
        ["dead-letters", "list", "--db", "missing.db"],
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(cli: Cli, arguments: list[str]) -> None:
    ran = cli(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("outcome-monitor: ")
    assert ran.err.count("\n") == 1


def test_an_unknown_command_or_option_is_exit_code_2(cli: Cli) -> None:
    assert cli("relay").code == 2
    assert cli("replay", "--speed", "1", "-").code == 2


def test_a_file_that_is_no_database_is_exit_code_1(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").touch()
    (tmp_path / "monitor.db").write_text("this is no database, but long enough to look like one " * 10)
    ran = cli("replay", "events.jsonl", "--db", "monitor.db")
    assert ran.code == 1
    assert "monitor.db" in ran.err
    assert ran.err.count("\n") == 1


def test_listening_off_loopback_says_why_it_is_refused(cli: Cli) -> None:
    assert "--allow-remote" in cli("run", "--host", "0.0.0.0").err  # noqa: S104 - it is refused


@pytest.mark.parametrize(("host", "loopback"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("::", False)])
def test_loopback_is_what_only_this_machine_reaches(host: str, loopback: bool) -> None:  # noqa: FBT001
    assert is_loopback(host) is loopback


def test_check_config_shows_each_setting_and_where_it_is_from(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTCOME_MONITOR__HTTP__PORT", "9000")
    ran = cli("check-config")
    assert ran.code == 0
    rows = [line.split() for line in ran.out.splitlines()]
    assert ["http.port", "9000", "env", "OUTCOME_MONITOR__HTTP__PORT"] in rows
    assert ["lateness", "10s", "default"] in rows


def test_check_config_tells_all_problems_at_once(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "monitor.yaml").write_text("lateness: soon\nportt: 1\n")
    (tmp_path / "reasons.yaml").touch()
    ran = cli("check-config", tmp_path)
    assert ran.code == 2
    assert ran.err.count("\n") == 2
    assert "monitor.yaml:1: lateness" in ran.err
    assert "monitor.yaml:2: portt" in ran.err


def test_schema_prints_what_it_would_write(cli: Cli, tmp_path: Path) -> None:
    printed = json.loads(cli("schema").out)
    written = cli("schema", "--write", tmp_path / "schema").out.split()
    assert {Path(path).name for path in written} == printed.keys()
    assert all(json.loads(Path(path).read_text()) == printed[Path(path).name] for path in written)


def test_schemas_are_not_written_where_a_file_is(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "schema").touch()
    ran = cli("schema", "--write", "schema")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "outcome-monitor: --write: schema can't be written (File exists); name another folder\n"


def test_a_simulation_can_be_repeated_byte_for_byte(cli: Cli, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert (
            cli("simulate", "--contacts", 50, "--seed", 3, "--out", f"{name}.jsonl", "--truth", f"{name}.truth").code
            == 0
        )
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    truth = (tmp_path / "one.truth").read_text().splitlines()
    assert truth == (tmp_path / "two.truth").read_text().splitlines()
    assert len(truth) == 50


@pytest.mark.parametrize("plan", ["demo", "noisy", "constant"])
def test_every_plan_gives_events_that_can_be_read(cli: Cli, tmp_path: Path, plan: str) -> None:
    assert (
        cli("simulate", "--contacts", 20, "--plan", plan, "--out", "events.jsonl.gz", "--start", "2026-03-01").code == 0
    )
    events = [decode(line, 2**53) for line in gzip.decompress((tmp_path / "events.jsonl.gz").read_bytes()).splitlines()]
    assert min(event.occurred_at for event in events) >= millis_of("2026-03-01T00:00:00Z")


@pytest.mark.parametrize(
    "text", ["2026-03-01", "2026-03-01T00:00:00Z", "2026-03-01t01:00:00+01:00", "2026-03-01T00:00"]
)
def test_a_time_may_be_a_day_or_rfc_3339(text: str) -> None:
    assert parse_time("--until", text) == millis_of("2026-03-01T00:00:00Z")


@pytest.mark.parametrize("text", ["", "now", "2026-02-30", "1772323200"])
def test_what_is_no_time_is_refused_by_the_name_of_its_option(text: str) -> None:
    with pytest.raises(UsageError, match="--until"):
        parse_time("--until", text)


def test_a_port_that_is_taken_gives_way_to_the_next_only_where_that_is_wanted() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"{port}"):
            listen("127.0.0.1", port)
        with listen("127.0.0.1", port, tries=20) as listening:
            assert listening.getsockname()[1] > port


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_to_stop_and_handlers_are_put_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stopping() as stop:
        os.kill(os.getpid(), number)
        assert stop.wait(5)
        assert signal.getsignal(number) == before
    assert signal.getsignal(number) == before
