"""The command line, ``outcome-monitor``."""

from streams.cli.entry import main

__all__ = ["main"]
