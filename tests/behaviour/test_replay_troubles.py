"""What goes wrong around a ``replay``: said in a line that helps, and nothing that was read is lost by it."""

import gzip
import json
from pathlib import Path

import pytest

from streams.cli.replaying import Replay
from streams.domain.units import DAY
from tests.cli import Cli
from tests.histories import START, contact, history, report, write


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(monkeypatch, capsys)


def cut(path: Path) -> Path:
    """Write a gzip file of two contacts that lacks its end."""
    lines = [*contact("c1", START + 13 * DAY), *contact("c2", START + 13 * DAY)]
    path.write_bytes(gzip.compress(b"\n".join(lines) + b"\n")[:-4])
    return path


def test_what_was_read_before_a_file_that_is_cut_off_is_reported(cli: Cli, tmp_path: Path) -> None:
    ran = cli("replay", history(tmp_path / "good"), cut(tmp_path / "cut.gz"), "after", "--json", "-")
    assert ran.code == 2, "a file that is not there is found before any is read"
    (tmp_path / "after").touch()
    ran = cli("replay", tmp_path / "good", tmp_path / "cut.gz", "after", "--json", "-")
    assert ran.code == 1
    assert report(ran)["contacts"]["offered"] == 5
    not_read, error = ran.err.splitlines()
    assert not_read == "not read after that: after"
    assert "Once the file is whole, run it again; with `replay --db` it goes on where it stopped" in error


def test_a_file_that_was_cut_off_goes_on_once_it_is_whole(cli: Cli, tmp_path: Path) -> None:
    path = cut(tmp_path / "log.gz")
    cli("replay", path, "--db", "m.db")
    path.write_bytes(gzip.compress(b"\n".join([*contact("c1", START + 13 * DAY), *contact("c2", START + 13 * DAY)])))
    ran = cli("replay", path, "--db", "m.db", "--json", "-")
    assert "goes on after record 6" in ran.err
    assert (ran.code, report(ran)["contacts"]["offered"], report(ran)["duplicates"]) == (0, 2, 0)


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", bytes(range(256))])
def test_a_file_without_a_single_event_is_an_error_and_no_empty_report(
    cli: Cli, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    ran = cli("replay", "x.csv")
    assert (ran.code, ran.out) == (1, "")
    assert "(the first: not_" in ran.err
    assert "x.csv: no record could be used; `outcome-monitor schema` shows what an event is" in ran.err


def test_of_an_audit_log_the_true_reason_is_told_and_not_that_its_rows_are_no_json(cli: Cli, tmp_path: Path) -> None:
    small = Path(__file__).parents[1] / "fixtures" / "servicenow" / "small.csv"
    (tmp_path / "log.csv").write_bytes(small.read_bytes() + b"INC1\n")
    ran = cli("replay", "log.csv", "--json", "-")
    assert ran.code == 0
    assert "1 columns instead of" in ran.err
    assert "not_json" not in ran.err


def test_where_the_settings_are_from_is_told_beside_the_report(cli: Cli, tmp_path: Path) -> None:
    log = history(tmp_path / "log")
    assert "settings" not in cli("replay", log).err
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "monitor.yaml").write_text("lateness: 5s\n")
    (tmp_path / "config" / "reasons.yaml").touch()
    ran = cli("replay", log, "--json", "-")
    assert "settings: config/monitor.yaml, config/reasons.yaml;" in ran.err
    assert json.loads(ran.out)


def test_a_report_that_can_not_be_written_is_found_before_anything_is_read(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = history(tmp_path / "log")
    (tmp_path / "folder").mkdir()
    ran = cli("replay", log, "--json", "folder", "--db", "m.db")
    assert (ran.code, ran.err) == (2, "outcome-monitor: --json: folder is a folder; name a file in it\n")
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anywhere
    ran = cli("replay", log, "--json", "report.json", "--db", "m.db")
    assert (ran.code, ran.err) == (2, "outcome-monitor: --json: report.json may not be written; name another file\n")
    assert not (tmp_path / "m.db").exists()


def test_a_report_that_can_not_be_written_after_all_was_shown_before(cli: Cli, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no device that is always full here")
    ran = cli("replay", history(tmp_path / "log"), "--json", "/dev/full")
    assert (ran.code, "by queue" in ran.out) == (1, True)
    assert (
        ran.err == "outcome-monitor: --json: /dev/full can't be written (No space left on device); name another file\n"
    )


@pytest.mark.parametrize(
    ("db", "hint"), [(":memory:", "with --db, running it again would go on"), ("m.db", "run it again to go on")]
)
def test_an_interrupted_replay_says_how_to_go_on(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: str, hint: str
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Replay, "read", interrupted)
    ran = cli("replay", history(tmp_path / "log"), "--db", db)
    assert (ran.code, ran.out) == (130, "")
    assert ran.err.startswith(f"interrupted; {hint}")


def test_what_nobody_ever_claimed_is_unknown_and_not_none(cli: Cli, tmp_path: Path) -> None:
    claimed, silent = contact("c1", START, "cards"), contact("b1", START, "billing")
    silent = [record.replace(b', "claimed_resolved": true', b"") for record in silent]
    found = report(cli("replay", write(tmp_path / "log", *silent), "--json", "-"))
    assert (found["legacy"]["claimed_resolved"], found["queues"][0]["claimed_resolved"]) == (None, None)
    found = report(cli("replay", write(tmp_path / "log", *silent, *claimed), "--json", "-"))
    claims = {queue["queue"]: queue["claimed_resolved"] for queue in found["queues"]}
    assert (found["legacy"]["claimed_resolved"], claims) == (0.5, {"billing": 0, "cards": 1})


def test_the_tables_say_what_their_figures_are_of(cli: Cli, tmp_path: Path) -> None:
    hung_up = [record.replace(b"contact.ended", b"contact.abandoned") for record in contact("a1", START)]
    hung_up[2] = hung_up[2].replace(b"09:10:00", b"09:00:02")
    out = cli("replay", write(tmp_path / "log", hung_up[0], hung_up[2], *contact("b1", START))).out
    assert "1 abandoned (1 of them short)" in out
    assert "at least, at most: the share that fails within the window, if of the pending none does or all do" in out
    assert "service level: answered within the threshold / (answered + abandoned, short or not)" in out
    assert max(map(len, out.splitlines())) <= 120
