"""Benchmarks still run: that of the replay finds the stages it puts clocks around, that of the board its nudges."""

import re
import subprocess
import sys


def test_the_replay_benchmark_runs_and_names_each_stage() -> None:
    arguments = ["-m", "tests.bench.replay", "--contacts", "50", "--runs", "1"]
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True, timeout=120)  # noqa: S603 - ours
    assert all(stage in done.stdout for stage in ("decode and order", "contacts and agents", "journeys", "events/s"))


def test_the_benchmark_of_the_board_follows_nudges_from_their_events_to_each_board() -> None:
    load = ["--rate", "60", "--nudges", "600", "--warm-up", "2", "--seconds", "8", "--boards", "3", "--history", "1"]
    arguments = ["-m", "tests.bench.board", *load]
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True, timeout=240)  # noqa: S603 - ours
    for stage in ("the nudge, durable", "each of 3 boards, sent"):
        counted = re.search(rf"{stage} +(\d+)", done.stdout)
        assert counted is not None
        assert int(counted[1]) > 0
    assert "0 boards were dropped" in done.stdout
