"""Deliveries, made of settings; their libraries are loaded when they are needed, since they may be missing."""

import asyncio
import random
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from streams.bootstrap import wall_clock
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


class _FileSource(Source):
    def __init__(self, followed: FollowedNudges) -> None:
        self._followed = followed

    @override
    async def read(self) -> Batch:
        return Batch(*await self._followed.read())


class FileNudges:
    """The nudges of a file of the embedded engine, which any number of lanes follow, each from its own place."""

    def __init__(self, path: str) -> None:
        """Take note of what was told before: whoever is new begins after it.

        Raises:
            StorageError: the file can't be read.
        """
        self._path = path
        self._open = ExitStack()
        with closing(FollowedNudges(path)) as nudges:
            self._new = nudges.end()

    def __call__(self, position: Position | None) -> Source:
        """Begin to follow them.

        Raises:
            StorageError: the file can't be read.
        """
        start = self._new if position is None else position
        return _FileSource(self._open.enter_context(closing(FollowedNudges(self._path, start))))

    def close(self) -> None:
        """Let go of the file."""
        self._open.close()


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
