"""The benchmark of the board in a browser still runs, and says what it measures."""

import subprocess
import sys

from tests.tools import tool


def test_the_smoothness_benchmark_runs_and_names_what_it_measures() -> None:
    tool("chromium", package="chromium")
    arguments = ["-m", "tests.bench.smoothness", "--seconds", "3"]
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True, timeout=240)  # noqa: S603 - ours
    assert all(measured in done.stdout for measured in ("10,000 contacts", "frames: ", "changes shown: ", "long tasks"))
