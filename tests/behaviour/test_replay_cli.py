"""``replay`` and ``dead-letters``, from files to the report and back again."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.times import rfc3339
from streams.domain.policy import Policy
from streams.domain.units import DAY, MINUTE
from streams.engines.embedded import EmbeddedEngine
from tests.cli import Cli
from tests.histories import START, contact, history, report, write

BAD = b'{"event_id": "x", "type": "contact.ofered", "occurred_at": "2026-03-02T09:00:00Z", "source": "test"}'
MENDED = BAD.replace(b"ofered", b"offered").replace(b"}", b', "contact_id": "x", "channel": "voice"}')


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(monkeypatch, capsys)


def untimed(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in ("elapsed_s", "events_per_s")}


def test_the_report_counts_what_became_of_the_contacts(cli: Cli, tmp_path: Path) -> None:
    ran = cli("replay", history(tmp_path / "events.jsonl"), "--json", "-")
    found = report(ran)
    assert ran.code == 0
    assert found["contacts"]["offered"] == found["contacts"]["ended"] == 3
    assert found["demand"]["failure"]["recontact"] == 1
    none = {"recontact": 0, "reopened": 0, "denied": 0}
    quiet = {"recurred": 0, "by": none, "exited": 0, "confirmed": 0, "pending": 0}
    abandoned = quiet | {"ended": 0, "resolved": 0}
    assert found["windows"]["1d"] == quiet | {"ended": 3, "resolved": 3, "abandoned": abandoned}
    assert (found["windows"]["7d"]["recurred"], found["windows"]["7d"]["resolved"]) == (1, 2)
    assert (found["windows"]["30d"]["recurred"], found["windows"]["30d"]["pending"]) == (1, 2)
    assert found["events_per_s"] > 0
    assert found["elapsed_s"] > 0


def test_an_abandoned_contact_has_its_verdicts_apart_from_those_that_were_handled(cli: Cli, tmp_path: Path) -> None:
    gave_up = [
        record.replace(b"contact.ended", b"contact.abandoned") for record in contact("a1", START, customer="ann")
    ]
    back = contact("a2", START + 2 * DAY, customer="ann")
    events = write(tmp_path / "events.jsonl", gave_up[0], gave_up[2], *back)
    shown = cli("replay", events)
    found = report(cli("replay", events, "--json", "-"))
    assert (found["contacts"]["handled"], found["contacts"]["abandoned"]) == (1, 1)
    week = found["windows"]["7d"]
    assert (week["ended"], week["recurred"]) == (1, 0)
    assert (week["abandoned"]["ended"], week["abandoned"]["recurred"]) == (1, 1)
    assert "7d, abandoned" in shown.out


def test_the_table_fits_a_pipe_and_says_which_queue_diverges(cli: Cli, tmp_path: Path) -> None:
    ran = cli("replay", history(tmp_path / "events.jsonl"))
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 120
    assert "\x1b" not in ran.out
    assert "3 contacts offered" in ran.out
    billing, cards = (next(line for line in ran.out.splitlines() if line.startswith(name)) for name in ("bil", "car"))
    assert "(+50.0)" in billing
    assert "(+0.0)" in cards


def test_only_as_many_queues_are_shown_as_wanted(cli: Cli, tmp_path: Path) -> None:
    ran = cli("replay", history(tmp_path / "events.jsonl"), "--top", "1")
    assert "and 1 more queues" in ran.out


def test_files_may_be_packed_and_several(cli: Cli, tmp_path: Path) -> None:
    whole = history(tmp_path / "events.jsonl")
    lines = whole.read_bytes().splitlines(keepends=True)
    (tmp_path / "one.gz").write_bytes(gzip.compress(b"".join(lines[:4])))
    (tmp_path / "two.jsonl").write_bytes(b"".join(lines[4:]))
    parts = report(cli("replay", "one.gz", "two.jsonl", "--json", "-"))
    assert untimed(parts) == untimed(report(cli("replay", whole, "--json", "-")))


def test_a_report_goes_to_a_file_and_the_table_is_printed_all_the_same(cli: Cli, tmp_path: Path) -> None:
    ran = cli("replay", history(tmp_path / "events.jsonl"), "--json", "report.json")
    assert "by queue" in ran.out
    assert json.loads((tmp_path / "report.json").read_bytes())["contacts"]["offered"] == 3


def test_until_judges_as_of_then(cli: Cli, tmp_path: Path) -> None:
    until = rfc3339(START + DAY + 10 * MINUTE)
    found = report(cli("replay", history(tmp_path / "events.jsonl"), "--until", until, "--json", "-"))
    assert found["contacts"]["offered"] == 2
    assert found["after_until"] == 4
    assert (found["windows"]["1d"]["resolved"], found["windows"]["1d"]["pending"]) == (1, 1)
    assert found["windows"]["7d"]["pending"] == 2


def test_what_was_left_out_is_taken_by_a_later_run(cli: Cli, tmp_path: Path) -> None:
    events = history(tmp_path / "events.jsonl")
    cli("replay", events, "--db", "m.db", "--until", rfc3339(START + DAY))
    later = report(cli("replay", events, "--db", "m.db", "--json", "-"))
    whole = report(cli("replay", events, "--json", "-"))
    assert later["windows"] == whole["windows"]
    assert later["contacts"] == whole["contacts"]


def test_a_second_run_takes_only_what_is_new(cli: Cli, tmp_path: Path) -> None:
    events = history(tmp_path / "events.jsonl")
    once = report(cli("replay", events, "--db", "m.db", "--json", "-"))
    again = cli("replay", events, "--db", "m.db", "--json", "-")
    assert "goes on after record 10" in again.err
    assert untimed(report(again)) == untimed(once)
    write(events, *events.read_bytes().splitlines(), *contact("c1", START + 13 * DAY))
    more = report(cli("replay", events, "--db", "m.db", "--json", "-"))
    assert (more["contacts"]["offered"], more["duplicates"]) == (4, 0)


def test_bad_records_are_warned_of_and_counted_by_strict(cli: Cli, tmp_path: Path) -> None:
    events = history(tmp_path / "events.jsonl")
    write(events, BAD, b"{", *events.read_bytes().splitlines())
    lenient, strict = cli("replay", events, "--json", "-"), cli("replay", events, "--json", "-", "--strict")
    assert (lenient.code, strict.code) == (0, 3)
    assert "2 records of this run could not be used" in lenient.err
    assert "the first: unknown_type: type: 'contact.ofered' is unknown" in lenient.err
    assert report(lenient)["dead_letters"] == 2
    assert report(lenient)["contacts"]["offered"] == 3


def test_an_empty_file_gives_an_empty_report(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert report(cli("replay", "empty", "--json", "-"))["contacts"]["offered"] == 0
    assert cli("replay", "empty").code == 0


def test_a_file_that_is_cut_off_is_exit_code_1(cli: Cli, tmp_path: Path) -> None:
    whole = gzip.compress(history(tmp_path / "events.jsonl").read_bytes())
    (tmp_path / "cut.gz").write_bytes(whole[:-20])
    ran = cli("replay", "cut.gz")
    assert ran.code == 1
    assert ran.err.startswith("outcome-monitor: cut.gz")


class TestDeadLetters:
    """What could not be used, and another try."""

    @pytest.fixture(autouse=True)
    def _with_two(self, cli: Cli, tmp_path: Path) -> None:
        cli("replay", write(tmp_path / "bad.jsonl", BAD, b"\xff{"), "--db", "m.db")

    def test_are_listed_with_reason_and_record(self, cli: Cli) -> None:
        ran = cli("dead-letters", "list", "--db", "m.db")
        assert ran.code == 0
        assert "#1" in ran.out
        assert "did you mean contact.offered?" in ran.out
        assert "contact.ofered" in ran.out
        assert "\\xff{" in ran.out

    def test_are_listed_by_reason_as_json(self, cli: Cli) -> None:
        (line,) = cli("dead-letters", "list", "--db", "m.db", "--reason", "unknown_type", "--json").out.splitlines()
        assert json.loads(line)["record"] == BAD.decode()

    def test_of_a_reason_that_none_has_are_said_to_be_none(self, cli: Cli) -> None:
        ran = cli("dead-letters", "list", "--db", "m.db", "--reason", "schema")
        assert (ran.code, ran.out, ran.err) == (0, "", "there are none with the reason schema\n")

    def test_stay_refused_while_nothing_is_mended(self, cli: Cli) -> None:
        ran = cli("dead-letters", "redrive", "--db", "m.db", "--all")
        assert "0 accepted, 2 refused again" in ran.out
        assert "#3 unknown_type" in ran.out
        assert "#4" in cli("dead-letters", "list", "--db", "m.db").out

    def test_are_accepted_when_corrected_and_counted_then(self, cli: Cli, tmp_path: Path) -> None:
        corrected = write(tmp_path / "mended.json", MENDED)
        ran = cli("dead-letters", "redrive", "--db", "m.db", "--id", 1, "--record", corrected)
        assert "1 accepted, 0 refused again" in ran.out
        listed = cli("dead-letters", "list", "--db", "m.db").out
        assert "#1" not in listed
        assert "#1 (redriven)" in cli("dead-letters", "list", "--db", "m.db", "--all").out
        (tmp_path / "empty").touch()
        assert report(cli("replay", "empty", "--db", "m.db", "--json", "-"))["contacts"]["offered"] == 1

    def test_are_left_to_the_monitor_that_runs_on_the_file(self, cli: Cli, tmp_path: Path) -> None:
        engine = EmbeddedEngine("m.db", Policy())
        corrected = write(tmp_path / "mended.json", MENDED)
        ran = cli("dead-letters", "redrive", "--db", "m.db", "--id", 1, "--record", corrected)
        assert "the monitor that runs on this file processes them" in ran.out
        assert engine.step(100) == 1
        engine.close()
        assert "#3" not in cli("dead-letters", "list", "--db", "m.db").out

    @pytest.mark.parametrize(
        "arguments", [[], ["--all", "--id", "1"], ["--id", "9"], ["--all", "--record", "bad.jsonl"]]
    )
    def test_are_not_redriven_by_a_wrong_choice(self, cli: Cli, arguments: list[str]) -> None:
        ran = cli("dead-letters", "redrive", "--db", "m.db", *arguments)
        assert ran.code == 2
        assert ran.err.count("\n") == 1

    def test_of_a_reason_that_none_has_are_nothing_to_redrive(self, cli: Cli) -> None:
        ran = cli("dead-letters", "redrive", "--db", "m.db", "--reason", "schema")
        assert (ran.code, "nothing to redrive" in ran.err) == (0, True)
