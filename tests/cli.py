"""Runs the command line in this process, as the entry point does."""

import sys
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from streams.cli import main


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


class Cli:
    """The command ``outcome-monitor``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Ran:
        """Run a command and return its exit code and what it wrote."""
        command: Sequence[str] = ["outcome-monitor", *map(str, arguments)]
        self._monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        return Ran(int(ended.value.code or 0), out, err)
