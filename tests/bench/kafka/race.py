"""One contestant, one run: how it does, from its first record to its last."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple
from uuid import uuid4

from tests.bench.child import Child, ChildError, child
from tests.bench.kafka.log import Log
from tests.bench.kafka.meter import Reading
from tests.bench.kafka.task import Task

MODULE: Final = "tests.bench.kafka.contestant"


class Result(NamedTuple):
    """What a run took, what it wrote to its changelogs in bytes, and how many recontacts it found if it looked."""

    reading: Reading
    changelog: int
    recontacts: int | None

    @property
    def events_per_s(self) -> float:
        """Return its speed."""
        return self.reading.records / self.reading.seconds

    @property
    def cpu_us(self) -> float:
        """Return the microseconds of the processor for an event."""
        return self.reading.cpu / self.reading.records * 1e6

    @property
    def changelog_per_event(self) -> float:
        """Return the bytes that an event costs in the changelogs."""
        return self.changelog / self.reading.records


class Unfinished(NamedTuple):
    """How far a run came until its deadline, or until it broke, and what was wrong."""

    records: int
    why: str


class Course(NamedTuple):
    """What all runs have in common.

    Args:
        bootstrap: where the broker is.
        data: where it keeps what is written to it.
        log: what to read.
        deadline_s: after how many seconds a run is ended.
    """

    bootstrap: str
    data: Path
    log: Log
    deadline_s: float


def run(name: str, course: Course, watch: Callable[[int], None]) -> Result | Unfinished:
    """Run a contestant, from nothing: new groups and topics, an empty folder.

    Args:
        name: whom.
        course: on what.
        watch: is told how many records it has processed, now and then.
    """
    own = f"bench-{name}-{uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory(prefix=own) as folder:
        task = Task(course.bootstrap, course.log, own, folder)
        with child(MODULE, name, task.dump()) as contestant:
            return _follow(contestant, course, watch)


def _follow(contestant: Child, course: Course, watch: Callable[[int], None]) -> Result | Unfinished:
    deadline = monotonic() + course.deadline_s
    records = 0
    try:
        while (left := deadline - monotonic()) > 0:
            said = contestant.next(left)
            if said is None:
                break  # the time is over, or it has gone
            if "reading" in said:
                contestant.end()
                written = bytes_in(course.data, *said["changelogs"])
                return Result(Reading(**said["reading"]), written, said["recontacts"])
            records = said["records"]
            watch(records)
    except ChildError as error:
        return Unfinished(records, str(error))
    gone = contestant.process.poll() is not None
    return Unfinished(records, "left" if gone else f"was not done after {course.deadline_s:g} s")


def bytes_in(data: Path, *topics: str) -> int:
    """Return how much a cluster has written to the topics whose names have these patterns."""
    files = (path for topic in topics for path in data.glob(f"broker-*/data/{topic}-*/*.log"))
    return sum(path.stat().st_size for path in files)
