"""What a contestant is told."""

from typing import NamedTuple

import orjson

from tests.bench.kafka.log import Log


class Task(NamedTuple):
    """Read this log, with this name for groups and topics of your own, and this folder for state."""

    bootstrap: str
    log: Log
    name: str
    folder: str

    def dump(self) -> str:
        """Return it as an argument of a process."""
        return orjson.dumps([self.bootstrap, [*self.log], self.name, self.folder]).decode()

    @classmethod
    def load(cls, dumped: str) -> "Task":
        """Return it again."""
        bootstrap, log, name, folder = orjson.loads(dumped)
        return cls(bootstrap, Log(*log), name, folder)
