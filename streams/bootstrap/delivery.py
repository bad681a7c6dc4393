"""Deliveries, made of settings."""

import asyncio
import random
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from typing_extensions import override

from streams.bootstrap import wall_clock
from streams.delivery.delivering import Delivery
from streams.delivery.lane import Clock, Means
from streams.delivery.progress import Progress
from streams.delivery.signing import key_of
from streams.delivery.source import Follow
from streams.delivery.undelivered import Undelivered
from streams.delivery.webhook import Format, Webhook
from streams.domain.units import SECOND, Millis
from streams.settings import ConfigError, Problem, Settings
from streams.settings.delivery import Webhook as Section
from streams.settings.problems import DEFAULT, Place
from streams.settings.secret_texts import check_secret, read_secret

_SALT_BYTES: Final = 32


class WallClock(Clock):
    """The time of this machine."""

    @override
    def now(self) -> Millis:
        return wall_clock()

    @override
    async def sleep(self, duration: Millis) -> None:
        await asyncio.sleep(duration / SECOND)


@contextmanager
def open_delivery(settings: Settings, env: Mapping[str, str], follow: Follow) -> Iterator[Delivery]:
    """Return what delivers nudges as the settings say, until the block ends.

    Without a salt in the settings, the hashes that stand for customers last as long as the process.

    Raises:
        ConfigError: a secret is not there, or can't be what it should be.
        ProgressError: the file that says how far it is can't be used.
    """
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


def webhooks(settings: Settings, env: Mapping[str, str]) -> list[Webhook]:
    """Return where nudges go, with the secrets that are in files, and in variables of the environment.

    Raises:
        ConfigError: a file can't be read, a variable is not set, or what is in one can't be what it should be.
    """
    made: list[Webhook] = []
    problems: list[Problem] = []
    for index, section in enumerate(settings.monitor.delivery.webhooks):
        place: Place = ("delivery", "webhooks", index)
        key = "url"
        try:
            url = section.url
            if section.url_file is not None:
                key = "url_file"
                url = read_secret("webhook", _beside(settings, section.url_file, (*place, key)))
            key = "secret_env" if section.secret_file is None else "secret_file"
            secret = _secret(settings, env, section, (*place, key))
            signed_with = None if secret is None else key_of(secret)
            key = "url" if section.url_file is None else "url_file"
            made.append(_webhook(section, url or "", signed_with))
        except ValueError as error:
            at = (*place, key)
            problems.append(Problem(settings.origins.get(at, DEFAULT), at, str(error)))
    if problems:
        raise ConfigError(problems)
    return made


def _webhook(section: Section, url: str, key: bytes | None) -> Webhook:
    return Webhook(
        name=section.name,
        url=url,
        key=key,
        teams=frozenset(section.teams),
        kinds=frozenset(section.kinds),
        format=Format(section.format),
        max_age=section.max_age,
        customers=section.customers,
        allow_plain=section.allow_plain,
    )


def _secret(settings: Settings, env: Mapping[str, str], section: Section, place: Place) -> str | None:
    if section.secret_file is not None:
        return read_secret("webhook", _beside(settings, section.secret_file, place))
    if section.secret_env is None:
        return None
    if section.secret_env not in env:
        msg = f"there is no variable {section.secret_env!r}; set it to the secret"
        raise ValueError(msg)
    return check_secret("webhook", env[section.secret_env])


def _beside(settings: Settings, name: str, place: Place) -> Path:
    return settings.origins.get(place, DEFAULT).folder / name
