"""What a board reads, and where it puts actions: a file of the embedded engine, or the topics of the Kafka engine."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from streams.board.tail import Tail
from streams.bootstrap import Condition, Health, open_appender, wall_clock
from streams.bootstrap.board import make_centre
from streams.bootstrap.kafka import kafka_config, open_service
from streams.domain.units import DAY
from streams.engines.embedded.tail import EmbeddedTail
from streams.engines.roles import Role
from streams.settings import Settings
from streams.sources.http import Append

if TYPE_CHECKING:
    from streams.engines.kafka.service import Service
    from streams.engines.kafka.tail import TopicTail


def _nothing() -> None:
    """Find nothing wrong."""


@dataclass(frozen=True, slots=True)
class BoardLog:
    """A log for a board.

    Attributes:
        tail: what it reads.
        append: puts actions in the log; durable on return.
        condition: how reading and writing are.
        check: raises what has ended them, if anything has.
    """

    tail: Tail
    append: Append
    condition: Condition
    check: Callable[[], None] = _nothing


@contextmanager
def file_log(path: str) -> Iterator[BoardLog]:
    """Open a file of the embedded engine until the block ends.

    Raises:
        StorageError: it can't be used.
    """
    with closing(EmbeddedTail(path)) as tail, closing(open_appender(path)) as appender:
        yield BoardLog(tail, appender.append, Health(problem=None))


@contextmanager
def topic_log(settings: Settings) -> Iterator[BoardLog]:
    """Open the topics of the Kafka engine until the block ends; its clients have a thread of their own.

    They are read from as long ago as a board has to do with.

    Raises:
        StorageError: a library is missing, the brokers can't be reached, or the topics are not as they must be.
    """
    service = open_service(settings, [Role.GATEWAY], None)
    from streams.engines.kafka.tail import TopicTail  # noqa: PLC0415 - its libraries may be missing

    tail = TopicTail(kafka_config(settings), wall_clock() - make_centre(settings).history - DAY)
    stop = Event()
    with closing(service), ThreadPoolExecutor(1, "kafka") as pool:
        running = pool.submit(asyncio.run, service.run(stop.is_set, tail.keep))

        def check() -> None:
            if running.done():
                running.result()

        try:
            wait((tail.begun, running), return_when=FIRST_COMPLETED)
            check()
            yield BoardLog(tail, service.append, _Kept(service, tail), check)
        finally:
            stop.set()
        running.result()


@dataclass(frozen=True, slots=True)
class _Kept:
    """How a service is that a tail is kept in."""

    service: "Service"
    tail: "TopicTail"

    @property
    def hangs(self) -> str | None:
        return self.service.hangs

    @property
    def problem(self) -> str | None:
        found = [one for one in (self.service.problem, self.tail.problem) if one is not None]
        return "; ".join(found) or None
