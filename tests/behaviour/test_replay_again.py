"""``replay`` run again on the same database: it goes on where it stopped, and nothing is lost or doubled unsaid."""

import csv
import gzip
import os
from pathlib import Path
from threading import Thread

import pytest

from streams.contracts.times import rfc3339
from streams.domain.units import DAY
from tests.cli import Cli
from tests.histories import START, contact, history, report, write

SMALL = Path(__file__).parents[1] / "fixtures" / "servicenow" / "small.csv"


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(monkeypatch, capsys)


def offered(cli: Cli, file: object) -> int:
    """Return how many contacts the database knows of once a file was replayed into it."""
    return int(report(cli("replay", file, "--db", "m.db", "--json", "-"))["contacts"]["offered"])


def test_other_events_under_the_name_of_a_file_that_was_read_are_read_from_their_start(
    cli: Cli, tmp_path: Path
) -> None:
    today = history(tmp_path / "today.jsonl")
    assert offered(cli, today) == 3
    write(today, *(record for name in "cdef" for record in contact(name, START + 13 * DAY)))
    assert offered(cli, today) == 7


def test_a_log_that_has_grown_goes_on_where_it_stopped_also_if_it_was_packed_since(cli: Cli, tmp_path: Path) -> None:
    log = history(tmp_path / "log")
    offered(cli, log)
    log.write_bytes(gzip.compress(b"\n".join([*log.read_bytes().splitlines(), *contact("c1", START + 13 * DAY)])))
    ran = cli("replay", log, "--db", "m.db", "--json", "-")
    assert "goes on after record 10, where it stopped" in ran.err
    assert (report(ran)["contacts"]["offered"], report(ran)["duplicates"]) == (4, 0)


def test_a_file_that_has_become_shorter_is_said_to_be_and_read_from_its_start(cli: Cli, tmp_path: Path) -> None:
    log = history(tmp_path / "log")
    offered(cli, log)
    write(log, log.read_bytes().splitlines()[0], *contact("c1", START + 13 * DAY))
    ran = cli("replay", log, "--db", "m.db", "--json", "-")
    assert "ends before record 10, where it stopped; it is read from its start" in ran.err
    assert report(ran)["contacts"]["offered"] == 4


def test_an_audit_log_that_has_grown_is_read_from_its_start_since_its_events_have_other_places(
    cli: Cli, tmp_path: Path
) -> None:
    lines = SMALL.read_text(encoding="utf-8").splitlines(keepends=True)
    incidents = [next(csv.reader([line]))[0] for line in lines]
    log = tmp_path / "log.csv"
    log.write_text("".join(line for line, name in zip(lines, incidents, strict=True) if name != incidents[-1]))
    before = offered(cli, log)
    log.write_text("".join(lines))
    ran = cli("replay", log, "--db", "m.db", "--json", "-")
    assert "goes on" not in ran.err
    assert report(ran)["contacts"]["offered"] == before + 1


def test_nothing_is_noted_of_a_pipe_which_can_not_be_read_again(cli: Cli, tmp_path: Path) -> None:
    events = history(tmp_path / "log").read_bytes()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for content in (events, events + b"\n".join(contact("c1", START + 13 * DAY))):
        writer = Thread(target=pipe.write_bytes, args=(content,))
        writer.start()
        ran = cli("replay", pipe, "--format", "events", "--db", "m.db", "--json", "-")
        writer.join()
        assert "record 10" not in ran.err
    assert report(ran)["contacts"]["offered"] == 4


def test_a_file_may_have_any_name(cli: Cli, tmp_path: Path) -> None:
    odd = history(tmp_path / os.fsdecode(b"\xff.jsonl"))
    assert offered(cli, odd) == 3
    assert "goes on after record 10" in cli("replay", odd, "--db", "m.db").err


def test_what_is_past_can_not_be_left_out_again(cli: Cli, tmp_path: Path) -> None:
    log = history(tmp_path / "log")
    until = rfc3339(START + DAY)
    for _ in range(2):
        assert cli("replay", log, "--db", "m.db", "--until", until).code == 0
    cli("replay", log, "--db", "m.db")
    ran = cli("replay", log, "--db", "m.db", "--until", until)
    assert (ran.code, ran.out) == (2, "")
    assert "--until: m.db has reached 2026-03-14T09:00:00Z already" in ran.err


def test_strict_is_about_all_dead_letters_that_were_not_redriven(cli: Cli, tmp_path: Path) -> None:
    log = write(tmp_path / "log", b"{", *contact("c1", START))
    codes = [cli("replay", log, "--db", "m.db", "--strict").code for _ in range(2)]
    assert codes == [3, 3]
    mended = write(tmp_path / "mended", contact("c2", START)[0])
    cli("dead-letters", "redrive", "--db", "m.db", "--id", 1, "--record", mended)
    assert cli("replay", log, "--db", "m.db", "--strict").code == 0


def test_dead_letters_of_this_run_are_told_apart_from_those_before_it(cli: Cli, tmp_path: Path) -> None:
    log = write(tmp_path / "log", *contact("c1", START), b"{")
    cli("replay", log, "--db", "m.db")
    write(log, *log.read_bytes().splitlines(), *contact("c2", START), b"[]", b"[]")
    ran = cli("replay", log, "--db", "m.db", "--json", "-")
    assert "2 records of this run could not be used, 3 in all (the first: not_an_object" in ran.err
    assert report(ran)["dead_letters"] == 3
