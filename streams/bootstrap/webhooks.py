"""Where nudges are delivered to, made of settings; needs nothing but what every installation has."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from streams.delivery.signing import key_of
from streams.delivery.webhook import Format, Webhook
from streams.settings import ConfigError, Problem, Settings
from streams.settings.delivery import Webhook as Section
from streams.settings.problems import DEFAULT, Place
from streams.settings.secret_texts import check_secret, read_secret


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
    webhook = Webhook(
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
    if find_spec("httpx") is not None:  # without it nothing is posted either
        from streams.delivery.posting import check_address  # noqa: PLC0415 - as above

        check_address(url)
    return webhook


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
