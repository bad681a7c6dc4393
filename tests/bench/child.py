"""A process of ours that tells how it is doing in lines of JSON, and can't outlive us."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Final

import orjson

from deploy.kafka.java import HERE

_ENDING_S: Final = 10.0
_LINES: Final = 30


class ChildError(RuntimeError):
    """A child ended by itself, or went wrong; the message has the end of what it wrote to the standard error."""


class Child:
    """A module of Python that runs in a process of its own."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._module = module
        self._said: SimpleQueue[Mapping[str, Any] | None] = SimpleQueue()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
        leash = [sys.executable, "-I", "-S", str(HERE / "leash.py"), str(os.getpid())]
        self.process = subprocess.Popen(  # noqa: S603 - our own module
            [*leash, sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            process_group=0,  # Ctrl-C in the terminal is for us, who end it
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def next(self, within_s: float) -> Mapping[str, Any] | None:
        """Return what it says next, ``None`` if it says nothing in time or has ended well.

        Raises:
            ChildError: it has not ended well.
        """
        try:
            said = self._said.get(timeout=max(within_s, 0))
        except Empty:
            return None
        if said is None and self.process.wait(_ENDING_S):
            what = f"ended with code {self.process.returncode}"
            raise self.trouble(what)
        return said

    def wait_for(self, key: str, within_s: float) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Return what it says of something, passing over everything else.

        Raises:
            ChildError: it does not say it in time.
        """
        deadline = monotonic() + within_s
        while (left := deadline - monotonic()) > 0:
            said = self.next(left)
            if said is None:
                break
            if key in said:
                return said[key]
        what = f"did not say {key!r} within {within_s:g} s"
        raise self.trouble(what)

    def go(self) -> None:
        """Tell it to go, by a line on its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """Ask it to end, by closing its standard input, and kill it if it does not."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        """Kill it, if it still runs, and let go of what it was connected by."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdin, self.process.stdout, self._errors):
            assert stream is not None
            stream.close()

    def trouble(self, what: str) -> ChildError:
        """Return the error that says this of it."""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(size - 100 * _LINES, 0))
        lines = self._errors.read().decode(errors="replace").splitlines()[-_LINES:]
        return ChildError("\n".join([f"{self._module} {what}", *lines]))

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._said.put(orjson.loads(line))
        self._said.put(None)


def say(what: Mapping[str, Any]) -> None:
    """Say something to whoever started us."""
    sys.stdout.write(orjson.dumps(what).decode() + "\n")
    sys.stdout.flush()


@contextmanager
def child(module: str, *arguments: str) -> Iterator[Child]:
    """Run a module until the end of the block at most."""
    running = Child(module, *arguments)
    try:
        yield running
    finally:
        running.close()
