"""Exit codes that scripts can use, and the error that stands for wrong usage."""

from typing import Final

FAILED: Final = 1
USAGE: Final = 2
DEAD_LETTERS: Final = 3


class UsageError(Exception):
    """An argument can't be used: says which, and what would be right."""
