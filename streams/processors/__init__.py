"""Processors: state of the touched keys and a batch of events in; new state, ledger additions and records out. Pure."""
