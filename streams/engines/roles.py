"""What a process of a distributed engine does."""

from enum import StrEnum


class Role(StrEnum):
    """What a process does; any number of processes may have each."""

    WORKER = "worker"
    EXPORTER = "exporter"
    GATEWAY = "gateway"
