"""Reading the files that a command is given, one after the other, in front of whoever waits for it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from streams.cli.consoles import console, note
from streams.cli.exits import UsageError
from streams.cli.options import existing
from streams.cli.replaying import Replay
from streams.sources.detect import Format, open_source
from streams.sources.files import STDIN, SourceError

_INTERRUPTED: Final = 130


def all_readable(files: Sequence[str]) -> None:
    """Find out before anything is done whether all can be read.

    Raises:
        UsageError: one can't, or the standard input is named twice.
    """
    for file in files:
        existing(file)
    if files.count(STDIN) > 1:
        msg = "-: the standard input can be read only once; name it once"
        raise UsageError(msg)


def read_files(run: Replay, files: Sequence[str], as_format: Format) -> SourceError | None:
    """Read the files in turn, up to the first that can't be read to its end: what follows would come before its time.

    Return what is wrong with that one.
    """
    for n, file in enumerate(files, start=1):
        try:
            with open_source(file, as_format) as source, progress_bar(file, source.total_bytes) as progressed:
                run.read(file, source, progressed)
        except SourceError as error:
            if files[n:]:
                note(f"not read after that: {', '.join(files[n:])}")
            return error
    return None


@contextmanager
def interruptible(hint: str) -> Iterator[None]:
    """End in a word on Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        note(f"interrupted; {hint}")
        raise typer.Exit(_INTERRUPTED) from None


@contextmanager
def progress_bar(file: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how far a file was read; in a pipe show nothing."""
    to = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=to, disable=not to.is_terminal, transient=True) as progress:
        task = progress.add_task(Path(file).name, total=total)
        yield lambda done: progress.update(task, completed=done)
