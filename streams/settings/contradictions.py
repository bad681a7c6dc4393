"""Settings that are right each by itself and wrong together."""

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Final

from streams.domain.policy import UNKNOWN
from streams.settings.board import Board
from streams.settings.delivery import Webhook
from streams.settings.environment import variable_of
from streams.settings.kafka import Sasl, Tls, Topics
from streams.settings.models import Monitor, Rate, Secrets
from streams.settings.problems import Place, closest, key_of
from streams.settings.secret_texts import SETTING_OF
from streams.settings.values import format_duration, show

_TLS: Final = ("kafka", "security", "tls")
_SASL: Final = ("kafka", "security", "sasl")
_NO_MECHANISM: Final = "is set, and mechanism is not; set kafka.security.sasl.mechanism, or leave it out"
_PASSWORD_VARIABLE: Final = variable_of(("secrets", "kafka_password"))
_GIVES: Final[Mapping[Place, str]] = {
    ("board", "oidc", "issuer"): "give the address of the provider",
    ("board", "oidc", "client_id"): "give the name that the provider knows the board by",
    ("board", "url"): "give the address that browsers use, where the provider sends them back",
    ("board", "proxy", "secret_file"): (
        f"name the file that holds the proxy's secret, or set {variable_of(('secrets', 'proxy_secret'))}"
    ),
    ("board", "proxies"): "list the addresses that the proxy comes from",
    ("board", "tokens", "file"): "name the file of tokens, whose lines `outcome-monitor board-token` makes",
    ("board", "roles"): "say what each role may see and do, or nobody may see anything",
}


def contradictions(monitor: Monitor, secrets: Secrets) -> Iterator[tuple[Place, str]]:
    """Say which settings contradict others: where, and what would be right."""
    longest = monitor.windows[-1]
    if monitor.retry_within > longest.length:
        told = f"{format_duration(monitor.retry_within)} is longer than the longest window, {longest.name}"
        yield ("retry_within",), f"{told}, after which a customer is forgotten; make it shorter"
    names = [window.name for window in monitor.windows]
    chosen = monitor.objectives.window
    if chosen is not None and chosen not in monitor.windows:
        told = f"{chosen.name} is not one of the windows ({', '.join(names)})"
        yield ("objectives", "window"), f"{told}; choose one of them, or add it there"
    limit, partitions = monitor.nudges.limit, monitor.kafka.partitions
    if limit < partitions:
        told = f"{limit} is less than kafka.partitions, {partitions}, between which it is divided on any engine"
        yield ("nudges", "limit"), f"{told}; make it {partitions} or more"
    yield from _unknown_teams(monitor)
    yield from _idle_rates(monitor.costs.rates)
    yield from _shared_topics(monitor.kafka.topics)
    yield from _useless_tls(monitor.kafka.security.tls)
    yield from _halves_of_sasl(monitor.kafka.security.sasl, password_given=secrets.kafka_password is not None)
    yield from _secrets_given_twice(monitor, secrets)
    yield from _gaps_of_access(monitor.board, secrets)
    for index, webhook in enumerate(monitor.delivery.webhooks):
        names = [earlier.name for earlier in monitor.delivery.webhooks[:index]]
        for key, message in _faults_of_webhook(webhook, names):
            yield ("delivery", "webhooks", index, key), message


def _unknown_teams(monitor: Monitor) -> Iterator[tuple[Place, str]]:
    if not monitor.teams:
        return
    named: list[tuple[Place, str | None]] = [
        (("queues", name, "team"), queue.team) for name, queue in monitor.queues.items()
    ]
    named += [(("costs", "rates", index, "team"), rate.team) for index, rate in enumerate(monitor.costs.rates)]
    named += [
        (("delivery", "webhooks", index, "teams", n), team)
        for index, webhook in enumerate(monitor.delivery.webhooks)
        for n, team in enumerate(webhook.teams)
    ]
    for place, team in named:
        if team not in (None, UNKNOWN, *monitor.teams):
            near = closest(str(team), monitor.teams)
            hint = f"did you mean {near}? Otherwise add it there" if near else "add it there"
            yield place, f"{show(team)} is not one of the teams ({', '.join(monitor.teams)}); {hint}"


def _idle_rates(rates: tuple[Rate, ...]) -> Iterator[tuple[Place, str]]:
    for index, rate in enumerate(rates):
        for earlier, other in enumerate(rates[:index]):
            if other.team in (None, rate.team) and other.channel in (None, rate.channel):
                place = ("costs", "rates", index)
                first = key_of(("costs", "rates", earlier))
                yield place, f"never counts, since {first} fits wherever it does; move it up, or leave it out"
                break


def _shared_topics(topics: Topics) -> Iterator[tuple[Place, str]]:
    first: dict[str, str] = {}
    for key, topic in topics:
        if topic.name in first:
            told = f"{show(topic.name)} is the name of kafka.topics.{first[topic.name]} too"
            yield ("kafka", "topics", key, "name"), f"{told}; give each a name of its own"
        first.setdefault(topic.name, key)


def _useless_tls(tls: Tls) -> Iterator[tuple[Place, str]]:
    files = {"ca_file": tls.ca_file, "cert_file": tls.cert_file, "key_file": tls.key_file}
    if not tls.enabled:
        for key in (key for key, file in files.items() if file is not None):
            yield (
                (*_TLS, key),
                "is set, and TLS is not enabled; set kafka.security.tls.enabled to true, or leave it out",
            )
    elif tls.key_file is not None and tls.cert_file is None:
        yield (*_TLS, "key_file"), "is set, and cert_file is not; name the file of the certificate that the key is for"


def _halves_of_sasl(sasl: Sasl, *, password_given: bool) -> Iterator[tuple[Place, str]]:
    if sasl.mechanism is None:
        for key in (key for key in ("username", "password_file") if getattr(sasl, key) is not None):
            yield (*_SASL, key), _NO_MECHANISM
        if password_given:
            yield ("secrets", "kafka_password"), _NO_MECHANISM
        return
    if sasl.username is None:
        yield (*_SASL, "username"), f"is missing, and {sasl.mechanism} needs it; give the name that the brokers know"
    if sasl.password_file is None and not password_given:
        told = f"is missing, and {sasl.mechanism} needs it"
        yield (*_SASL, "password_file"), f"{told}; name the file that holds the password, or set {_PASSWORD_VARIABLE}"


def _secrets_given_twice(monitor: Monitor, secrets: Secrets) -> Iterator[tuple[Place, str]]:
    for name, place in SETTING_OF.items():
        if getattr(secrets, name) is not None and reduce(getattr, map(str, place), monitor) is not None:
            yield place, f"is set, and so is {variable_of(('secrets', name))} or …_FILE; keep one of them"


def _gaps_of_access(board: Board, secrets: Secrets) -> Iterator[tuple[Place, str]]:
    """Say what is missing for people to sign in as they are meant to, and to see anything then."""
    needed: dict[Place, object] = {}
    match board.access:
        case "none":
            return
        case "oidc":
            needed = {
                ("board", "oidc", "issuer"): board.oidc.issuer,
                ("board", "oidc", "client_id"): board.oidc.client_id,
                ("board", "url"): board.url,
            }
        case "proxy":
            given = secrets.proxy_secret or board.proxy.secret_file
            needed = {("board", "proxy", "secret_file"): given, ("board", "proxies"): board.proxies or None}
        case "tokens":
            needed = {("board", "tokens", "file"): board.tokens.file}
    needed["board", "roles"] = board.roles or None
    for place in (place for place, value in needed.items() if value is None):
        yield place, f"is missing, and board.access {board.access} needs it; {_GIVES[place]}"


def _faults_of_webhook(webhook: Webhook, names: list[str]) -> Iterator[tuple[str, str]]:
    if webhook.name in names:
        yield "name", f"{show(webhook.name)} is the name of another; give each a name of its own"
    if webhook.url is None and webhook.url_file is None:
        yield (
            "url",
            "is missing; give the address that nudges are posted to, or name the file that holds it in url_file",
        )
    if webhook.url is not None and webhook.url_file is not None:
        yield "url_file", "is set, and so is url; keep one of them"
    if webhook.secret_file is not None and webhook.secret_env is not None:
        yield "secret_env", "is set, and so is secret_file; keep one of them"
    if webhook.format == "plain" and webhook.secret_file is None and webhook.secret_env is None:
        yield "secret_file", "is missing, and format plain needs it, so that receivers know whom messages are from"
