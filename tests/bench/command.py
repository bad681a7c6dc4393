"""``outcome-monitor`` in a process of its own that can't outlive us: what it says, and what it takes."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import Final, NamedTuple

from deploy.kafka.java import HERE

ROOT: Final = Path(__file__).parents[2]
LISTENS: Final = re.compile(rb"end it with Ctrl-C")
"""What a command that serves says once it does, and from then on it listens to signals."""
_TICK: Final = os.sysconf("SC_CLK_TCK")
_LOOK_S: Final = 0.05
_STOP_S: Final = 60.0
_LINES: Final = 20


class CommandError(RuntimeError):
    """A command ended by itself, or is not where it should be in time; the message has the end of what it said."""


class Usage(NamedTuple):
    """What a process takes: seconds of the processor so far, bytes that are resident and were at most, open files."""

    cpu: float
    resident: int
    peak: int
    handles: int


class Command:
    """Starts with its making; what it says goes to a file."""

    def __init__(self, log: Path, *arguments: str, env: dict[str, str] | None = None) -> None:
        leash = [sys.executable, "-I", "-S", str(HERE / "leash.py"), str(os.getpid())]
        log.unlink(missing_ok=True)
        self.began = monotonic()
        self._log = log
        with log.open("ab") as said:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*leash, sys.executable, "-m", "streams.cli", *arguments],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | (env or {}),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                process_group=0,  # Ctrl-C in the terminal is for us, who end it
            )

    def find(self, pattern: re.Pattern[bytes]) -> str | None:
        """Return what a pattern's first group finds in what it said so far, or all of it if it has none."""
        found = pattern.search(self._log.read_bytes())
        return None if found is None else found[len(found.groups())].decode()

    def wait_for(self, pattern: re.Pattern[bytes], within_s: float) -> str:
        """Wait until it has said something, and return that.

        Raises:
            CommandError: it does not say it in time.
        """
        deadline = monotonic() + within_s
        while (found := self.find(pattern)) is None:
            self.check(deadline, "ready")
            sleep(_LOOK_S)
        return found

    def usage(self) -> Usage:
        """Return what it takes."""
        proc = Path("/proc", str(self._process.pid))
        ticks = proc.joinpath("stat").read_text(encoding="ascii").rpartition(")")[2].split()
        status = dict(line.split(":", 1) for line in proc.joinpath("status").read_text(encoding="ascii").splitlines())
        resident, peak = (int(status[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
        return Usage((int(ticks[11]) + int(ticks[12])) / _TICK, resident, peak, sum(1 for _ in (proc / "fd").iterdir()))

    def finish(self, within_s: float) -> None:
        """Wait until it has ended by itself, and well."""
        deadline = monotonic() + within_s
        while self._process.poll() is None and monotonic() < deadline:
            sleep(_LOOK_S)
        if self._process.returncode != 0:
            what = "ended well"
            raise self.trouble(what)

    def stop(self) -> None:
        """Have a command that serves end cleanly, and wait until it has."""
        self.wait_for(LISTENS, _STOP_S)
        self._process.send_signal(signal.SIGTERM)
        self.finish(_STOP_S)

    def kill(self) -> None:
        """Kill it, if it still runs."""
        self._process.kill()
        self._process.wait()

    def check(self, deadline: float, what: str) -> None:
        """Make sure that it runs and that there is time left, by the monotonic clock.

        Raises:
            CommandError: it was not that in time.
        """
        if self._process.poll() is not None or monotonic() > deadline:
            raise self.trouble(what)

    def trouble(self, what: str) -> CommandError:
        """Return the error that says that it was not this."""
        code = self._process.poll()
        why = "in time" if code is None else f"but has ended with code {code}"
        said = self._log.read_text(errors="replace").splitlines()[-_LINES:]
        return CommandError("\n".join([f"{self._log.stem} was not {what}, {why}", *said]))
