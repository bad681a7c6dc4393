"""The embedded engine: one process, one SQLite file that holds log, state, ledger and outbox."""

from streams.engines.embedded.engine import EmbeddedEngine
from streams.engines.embedded.ledger import SqliteLedger

__all__ = ["EmbeddedEngine", "SqliteLedger"]
