"""Where text goes: results to the standard output, everything else to the standard error."""

import sys
from typing import IO, Final

from rich.console import Console

PLAIN_WIDTH: Final = 120


def console(*, stderr: bool = False) -> Console:
    """Return a console. In a pipe it writes plain text without colours, in lines of at most 120 characters."""
    stream: IO[str] = sys.stderr if stderr else sys.stdout
    if stream.isatty():
        return Console(stderr=stderr, highlight=False)
    return Console(file=stream, width=PLAIN_WIDTH, no_color=True, highlight=False, force_terminal=False)


def note(text: str) -> None:
    """Tell the user something that is not the result."""
    console(stderr=True).print(text, style="yellow", markup=False, soft_wrap=True)
