"""The command line as a process of its own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

PROMPTLY_S = 60
"""Far more than it needs on a slow machine; only a process that hangs takes as long."""


@contextmanager
def running(*arguments: str, cwd: str) -> Iterator["subprocess.Popen[str]"]:
    """Start ``outcome-monitor`` with its output in pipes; it is killed if it still runs at the end of the block."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "streams.cli", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": os.getcwd(), "PYTHONUNBUFFERED": "1"},  # noqa: PTH109
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_with(stream: IO[str] | None, text: str) -> str:
    """Return the next line that holds a text."""
    assert stream is not None
    return next(line for line in stream if text in line)


def ended(process: "subprocess.Popen[str]", number: signal.Signals) -> tuple[int, str]:
    """Send a signal; return the exit code, and what the process wrote to the standard error from then on."""
    process.send_signal(number)
    _, err = process.communicate(timeout=PROMPTLY_S)
    return process.returncode, err


def url_of(process: "subprocess.Popen[str]") -> str:
    """Return the address at which a process that was just started with ``run`` takes events."""
    return address_in(line_with(process.stderr, "takes events at"))


def address_in(line: str) -> str:
    """Return the first address that a line tells."""
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found, line
    return found[0]


def killed(process: "subprocess.Popen[str]") -> str:
    """Kill a process that still runs, as nothing can prevent; return what it wrote to the standard error."""
    assert process.poll() is None, "it ended by itself"
    process.kill()
    _, err = process.communicate(timeout=PROMPTLY_S)
    assert process.returncode == -signal.SIGKILL
    return err
