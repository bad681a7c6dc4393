"""What a contestant tells about itself while it runs, as lines of JSON: how far it is, and in the end what it took."""

import resource
from pathlib import Path
from time import monotonic
from typing import IO, Final, NamedTuple

import orjson

_TELL_S: Final = 0.2
_LOOK_EVERY: Final = 256


class Reading(NamedTuple):
    """What it took from the first record to the last. Seconds, of the clock and of the processor; bytes."""

    records: int
    seconds: float
    cpu: float
    peak: int


class Meter:
    """Counts records from the first on. What came before, such as imports and joining a group, is not measured."""

    def __init__(self, to: IO[str]) -> None:
        """Tell what there is to tell to a stream."""
        self.records = 0
        self.reading: Reading | None = None
        self._to = to
        self._begun: tuple[float, float] | None = None
        self._told = monotonic()
        self._look_at = 0

    def begin(self) -> None:
        """Begin with the first record, before anything is done with it; later calls do nothing."""
        if self._begun is None:
            self._begun = (monotonic(), _cpu())

    def passed(self, records: int = 1) -> None:
        """Count records that were processed."""
        self.records += records
        if self.records >= self._look_at:
            self._look_at = self.records + _LOOK_EVERY
            if monotonic() - self._told > _TELL_S:
                self._told = monotonic()
                self._tell({"records": self.records})

    def end(self) -> None:
        """Stop with the last record, once; later calls do nothing."""
        assert self._begun is not None, "ended before it began"
        if self.reading is None:
            seconds, cpu = self._begun
            self.reading = Reading(self.records, monotonic() - seconds, _cpu() - cpu, _peak())

    def tell(self, recontacts: int | None, *changelogs: str) -> None:
        """Tell what it took, once all is written.

        Args:
            recontacts: how many it found, if that is what it looked for.
            changelogs: patterns of the names of its changelogs' topics.
        """
        assert self.reading is not None, "did not end"
        self._tell({"recontacts": recontacts, "changelogs": changelogs, "reading": self.reading._asdict()})

    def _tell(self, what: object) -> None:
        self._to.write(orjson.dumps(what).decode() + "\n")
        self._to.flush()


def _cpu() -> float:
    """Return the seconds of the processor that this process has used, all its threads included."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _peak() -> int:
    """Return the most memory that was resident. Linux counts that of whoever started us into ``ru_maxrss``."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
