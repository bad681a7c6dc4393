"""The benchmark of the embedded engine still finds the stages that it puts clocks around."""

import subprocess
import sys


def test_the_replay_benchmark_runs_and_names_each_stage() -> None:
    arguments = ["-m", "tests.bench.replay", "--contacts", "50", "--runs", "1"]
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True, timeout=120)  # noqa: S603 - ours
    assert all(stage in done.stdout for stage in ("decode and order", "contacts and agents", "journeys", "events/s"))
