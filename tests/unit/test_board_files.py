"""The files that the board serves: in every wheel, and those of others as they were published."""

import re
import tomllib
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]
BOARD = ROOT / "streams" / "board"
VENDOR = BOARD / "static" / "vendor"
LISTED = re.compile(
    r"^\| (\S+) \| (\S+) \| (\d+\.\d+\.\d+) \| \S+, \[(\S+)\]\(\S+\) \| ([0-9a-f]{64}) \|$", re.MULTILINE
)


def test_what_others_wrote_is_as_the_list_says_with_version_and_licence() -> None:
    listed = LISTED.findall((VENDOR / "README.md").read_text(encoding="utf-8"))
    assert {name: sha256((VENDOR / name).read_bytes()).hexdigest() for name, *_ in listed} == {
        name: digest for name, *_, digest in listed
    }
    code = {path.name for path in VENDOR.iterdir() if path.suffix in {".js", ".css"}}
    assert {name for name, *_ in listed} == code
    assert all((VENDOR / licence).read_text(encoding="utf-8").strip() for *_, licence, _ in listed)


def test_versions_are_those_that_the_files_tell() -> None:
    versions = {
        name: version for name, _, version, *_ in LISTED.findall((VENDOR / "README.md").read_text(encoding="utf-8"))
    }
    for name in ("htmx.min.js", "uPlot.iife.min.js"):
        assert versions[name] in (VENDOR / name).read_text(encoding="utf-8"), name


def test_a_wheel_has_every_file_that_the_board_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["streams.board"]
    for path in BOARD.rglob("*"):
        if path.is_file() and path.suffix not in {".py", ".pyc"}:
            name = str(path.relative_to(BOARD))
            assert any(fnmatch(name, pattern) and name.count("/") == pattern.count("/") for pattern in patterns), name


def test_no_file_asks_another_machine_for_anything() -> None:
    for path in [*BOARD.glob("static/*"), *BOARD.glob("templates/*")]:
        if path.is_file():
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            assert "://" not in text, path.name
