"""Lets ``python -m streams.cli`` do what ``outcome-monitor`` does."""

from streams.cli import main

main()
