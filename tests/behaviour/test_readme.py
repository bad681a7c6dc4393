"""What the README shows is what a reader gets."""

import re
import shlex
from pathlib import Path

import pytest

from streams.bootstrap.access import access_config
from streams.settings import load
from tests.cli import Cli

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md")
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(monkeypatch, capsys)


def fences(kind: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands(program: str) -> list[list[str]]:
    lines = "".join(fences("console")).splitlines()
    return [shlex.split(line) for line in lines if line.startswith(f"{program} ")]


def test_the_events_of_the_readme_lead_to_the_result_that_it_shows(cli: Cli, tmp_path: Path) -> None:
    (events,) = fences("json")
    (tmp_path / "events.jsonl").write_text(events, encoding="utf-8")
    ran = cli("replay", "events.jsonl")
    said = [line.rstrip() for line in ran.out.splitlines()]
    (shown,) = (fence.splitlines() for fence in fences("text") if fence.startswith("7 events"))
    assert ran.code == 0
    assert said[: len(shown)] == shown


def test_every_command_of_the_readme_exists_with_its_options(cli: Cli) -> None:
    given = commands("outcome-monitor")
    assert given
    for _, *words in given:
        names = [word for word in words if not word.startswith("-")]
        path = names[:2] if names[0] in {"dead-letters", "topics"} else names[:1]
        told = cli(*path, "--help").out
        assert all(option in told for option in words if option.startswith("-")), words


def test_the_settings_that_it_shows_are_settings(tmp_path: Path) -> None:
    shown = [fence for fence in fences("yaml") if fence.startswith("board:")]
    assert shown
    for fence in shown:
        (tmp_path / "monitor.yaml").write_text(fence, encoding="utf-8")
        (tmp_path / "reasons.yaml").touch()
        assert access_config(load(tmp_path, {})).way is not None


def test_every_target_of_make_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        named = set(re.findall(r"(?:^|`|    )make (?:PYTHON=\S+ )?([a-z-]+)", text, re.MULTILINE))
        assert named
        assert named <= targets


def test_every_file_that_is_linked_exists() -> None:
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("https://")]
        assert links
        assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_metric_that_is_named_is_measured() -> None:
    reference = (ROOT / "streams" / "catalogue" / "METRICS.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:legacy|outcome|monitor)_[a-z_]+)", README))
    assert named
    assert {name for name in named if f"`{name}`" not in reference} == set()
