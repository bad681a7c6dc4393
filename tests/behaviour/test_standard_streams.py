"""The command line on streams that are closed, break off, or can't write every letter."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.histories import START, contact, write
from tests.processes import PROMPTLY_S

ROOT = Path(__file__).parents[2]
MONITOR = f'"{sys.executable}" -m streams.cli'


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write(tmp_path / "log", *contact("c1", START, "ünïcödé"))


def sh(script: str, log: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a script beside a log."""
    env = os.environ | {"PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(  # noqa: S602 - our own command; what a shell does to streams is the point
        script, shell=True, cwd=log.parent, env=env, check=False, capture_output=True, text=True, timeout=PROMPTLY_S
    )


@pytest.mark.parametrize("arguments", ["replay log", "replay log --json -", "schema"])
def test_a_standard_output_that_is_closed_is_an_error_in_one_line(log: Path, arguments: str) -> None:
    ran = sh(f"{MONITOR} {arguments} >&-", log)
    assert ran.returncode == 1
    assert ran.stderr == "outcome-monitor: the standard output is closed; send it to a file, or to /dev/null\n"


def test_a_standard_input_that_is_closed_is_empty(log: Path) -> None:
    ran = sh(f"{MONITOR} replay - <&-", log)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("arguments", ["replay log", "replay log --json -", "schema", "simulate --contacts 50 --out -"])
def test_a_reader_that_has_seen_enough_ends_it_quietly(log: Path, arguments: str) -> None:
    ran = sh(f"({MONITOR} {arguments}; echo $? >&2) | true", log)
    assert "Traceback" not in ran.stderr
    assert "Exception" not in ran.stderr
    assert "outcome-monitor" not in ran.stderr


def test_what_the_encoding_lacks_is_written_with_backslashes(log: Path) -> None:
    ran = sh(f"{MONITOR} replay log", log, PYTHONIOENCODING="ascii")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert r"\xfcn\xefc\xf6d\xe9" in ran.stdout


def test_json_is_utf8_in_any_encoding(log: Path) -> None:
    ran = sh(f"{MONITOR} replay log --json -", log, PYTHONIOENCODING="ascii")
    assert json.loads(ran.stdout)["queues"][0]["queue"] == "ünïcödé"
