"""Deliveries, made of settings; their libraries are loaded when they are needed, since they may be missing."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from typing_extensions import override

from streams.bootstrap import wall_clock
from streams.bootstrap.kafka import check_topics, kafka_config
from streams.bootstrap.webhooks import webhooks
from streams.delivery.clock import Clock
from streams.delivery.progress import Progress
from streams.delivery.source import Batch, Follow, Position, Source
from streams.delivery.undelivered import Undelivered
from streams.domain.units import SECOND, Millis
from streams.engines.embedded.nudges import FollowedNudges
from streams.engines.port import StorageError
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.delivery.delivering import Delivery

_SALT_BYTES: Final = 32


class WallClock(Clock):
    """The time of this machine."""

    @override
    def now(self) -> Millis:
        return wall_clock()

    @override
    async def sleep(self, duration: Millis) -> None:
        await asyncio.sleep(duration / SECOND)


class _Nudges(Protocol):
    async def read(self) -> tuple[Sequence[bytes], bool, Position]: ...


class _Source(Source):
    """What an engine reads, as deliveries want it."""

    def __init__(self, nudges: _Nudges) -> None:
        self._nudges = nudges

    @override
    async def read(self) -> Batch:
        return Batch(*await self._nudges.read())


def file_nudges(path: str) -> Follow:
    """Return what follows the nudges of a file of the embedded engine; whoever is new begins after those of now.

    Raises:
        StorageError: the file can't be read; following them may raise it, too.
    """
    with closing(FollowedNudges(path)) as nudges:
        new = nudges.end()

    @asynccontextmanager
    async def follow(position: Position | None) -> AsyncIterator[Source]:
        with closing(FollowedNudges(path, new, position)) as followed:
            yield _Source(followed)

    return follow


def topic_nudges(settings: Settings) -> Follow:
    """Return what follows the nudges topic; whoever is new begins with those that are written from now on.

    Raises:
        StorageError: a library is missing, the brokers can't be reached, or the topics are not as they must be.
    """
    problems = asyncio.run(check_topics(settings))
    if problems:
        raise StorageError("\n".join(problems))
    from streams.engines.kafka.nudges import TopicNudges  # noqa: PLC0415 - its libraries may be missing

    config, new = kafka_config(settings), wall_clock()

    @asynccontextmanager
    async def follow(position: Position | None) -> AsyncIterator[Source]:
        async with aclosing(TopicNudges(config, new, position)) as followed:
            yield _Source(followed)

    return follow


@contextmanager
def open_delivery(settings: Settings, env: Mapping[str, str], follow: Follow) -> Iterator["Delivery"]:
    """Return what delivers nudges as the settings say, until the block ends.

    Without a salt in the settings, the hashes that stand for customers last as long as the process.

    Raises:
        ConfigError: a secret is not there, or can't be what it should be.
        ProgressError: the file that says how far it is can't be used.
        StorageError: a library is missing.
    """
    if find_spec("httpx") is None:
        msg = "deliveries need httpx: install it with pip install 'outcome-monitor[board]'"
        raise StorageError(msg)
    from streams.delivery.delivering import Delivery  # noqa: PLC0415 - its libraries may be missing
    from streams.delivery.lane import Means  # noqa: PLC0415

    targets = webhooks(settings, env)
    delivery, salt = settings.monitor.delivery, settings.secrets.customer_salt
    with closing(Progress(Path(delivery.state))) as progress:
        means = Means(
            follow,
            progress,
            Undelivered(Path(delivery.undelivered)),
            WallClock(),
            random.SystemRandom().random,
            secrets.token_bytes(_SALT_BYTES) if salt is None else salt.get_secret_value().encode(),
        )
        yield Delivery(targets, means)
