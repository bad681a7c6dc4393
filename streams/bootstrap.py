"""The composition root: the only place where settings turn into engines, exporters and applications."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import time_ns
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from streams.contracts.schema import interactions_schema
from streams.domain.policy import Policy
from streams.domain.units import Millis
from streams.engines.embedded import EmbeddedEngine
from streams.engines.embedded.appender import Appender
from streams.engines.embedded.database import MEMORY
from streams.engines.embedded.partition import Retention
from streams.engines.kafka.config import KafkaConfig, Sasl, Security, Tls, Topic, Topics
from streams.engines.port import StorageError
from streams.exporter.collector import Exporter
from streams.exporter.http import METRICS_PATH, index_route, metrics_route
from streams.exporter.reader import LedgerReader
from streams.settings import Settings, schemas
from streams.sources.http import EVENTS_PATH, Append, Gateway

HEALTH_PATH: Final = "/healthz"
READY_PATH: Final = "/readyz"

_DISTRIBUTION: Final = "outcome-monitor"
_SALT_BYTES: Final = 16


def wall_clock() -> Millis:
    """Return the time of this machine's clock."""
    return time_ns() // 1_000_000


def package_version() -> str:
    """Return the version that is installed."""
    try:
        return version(_DISTRIBUTION)
    except PackageNotFoundError:  # run from a source tree
        return "0+unknown"


@dataclass(slots=True)
class Health:
    """Whether the monitor does its work: what stands in the way, or nothing once all is ready."""

    problem: str | None = "the engine has not started yet"


def open_engine(settings: Settings, path: str | None = None) -> EmbeddedEngine:
    """Open the embedded engine on a file, that of the settings by default; what it has processed is kept as they say.

    Raises:
        StorageError: if the file can't be used, or another process runs on it.
    """
    if path == MEMORY:
        return open_scratch_engine(MEMORY, settings.policy())
    storage = settings.monitor.storage
    kept = Retention(storage.log_retention, storage.outbox_retention)
    return EmbeddedEngine(storage.path if path is None else path, settings.policy(), kept=kept)


def open_scratch_engine(path: str, policy: Policy) -> EmbeddedEngine:
    """Open the engine on a file that nobody needs after a power cut; nothing that was processed is kept."""
    return EmbeddedEngine(path, policy, durable=False, kept=Retention(0, 0))


def kafka_config(settings: Settings) -> KafkaConfig:
    """Return what the Kafka engine is told. Reads no file: the password is among the settings already."""
    kafka = settings.monitor.kafka
    topics = kafka.topics
    return KafkaConfig(
        brokers=kafka.brokers,
        application=kafka.application,
        partitions=kafka.partitions,
        replication=kafka.replication,
        topics=Topics(
            interactions=Topic(topics.interactions.name, topics.interactions.retention),
            facts=Topic(topics.facts.name, topics.facts.retention),
            outcomes=Topic(topics.outcomes.name, topics.outcomes.retention),
            nudges=Topic(topics.nudges.name, topics.nudges.retention),
            dead_letters=Topic(topics.dead_letters.name, topics.dead_letters.retention),
            ledger=Topic(topics.ledger.name),
            state=Topic(topics.state.name),
        ),
        state=Path(kafka.state),
        cache=kafka.cache,
        write_buffer=kafka.write_buffer,
        standbys=kafka.standbys,
        session_timeout=kafka.session_timeout,
        transaction_timeout=kafka.transaction_timeout,
        batch=kafka.batch,
        tick=kafka.tick,
        security=Security(_tls(settings), _sasl(settings)),
    )


def make_exporter(settings: Settings, ledger: LedgerReader) -> Exporter:
    """Return the exporter of a ledger. Without a salt in the settings, hashes last as long as the process."""
    salt = settings.secrets.exemplar_salt
    key = secrets.token_bytes(_SALT_BYTES) if salt is None else salt.get_secret_value().encode()
    return Exporter(ledger, settings.monitor.windows, key, package_version())


def make_app(settings: Settings, exporter: Exporter, append: Append, health: Health) -> Starlette:
    """Return the application of a monitor: events in, metrics out, and how it is."""
    http = settings.monitor.http
    gateway = Gateway(append, StorageError, wall_clock, http.max_body, http.max_batch)
    links = {
        METRICS_PATH: "for Prometheus: outputs beside outcomes, and the monitor's own health",
        EVENTS_PATH: "POST events here, one JSON object a line",
        HEALTH_PATH: "whether the process lives",
        READY_PATH: "whether it does its work",
    }
    return Starlette(
        routes=[index_route(links), metrics_route(exporter), gateway.route(), *_health_routes(health)],
        middleware=[Middleware(GZipMiddleware, minimum_size=1024)],
    )


def open_appender(path: str) -> Appender:
    """Return what puts records in the log of a file from any thread."""
    return Appender(path)


def all_schemas() -> Mapping[str, Mapping[str, object]]:
    """Return every JSON Schema of the project by the name of the file that holds it."""
    return {"interactions.v1.json": interactions_schema(), **schemas()}


def _tls(settings: Settings) -> Tls | None:
    tls, place = settings.monitor.kafka.security.tls, ("kafka", "security", "tls")
    if not tls.enabled:
        return None
    return Tls(
        ca_file=settings.file(tls.ca_file, *place, "ca_file"),
        cert_file=settings.file(tls.cert_file, *place, "cert_file"),
        key_file=settings.file(tls.key_file, *place, "key_file"),
        check_hostname=tls.check_hostname,
    )


def _sasl(settings: Settings) -> Sasl | None:
    sasl, password = settings.monitor.kafka.security.sasl, settings.secrets.kafka_password
    if sasl.mechanism is None or sasl.username is None or password is None:
        return None  # all or nothing: loading refuses the rest
    return Sasl(sasl.mechanism, sasl.username, password.get_secret_value())


def _health_routes(health: Health) -> list[Route]:
    async def healthy(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        if health.problem is None:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready", "why": health.problem}, 503)

    return [_get(HEALTH_PATH, healthy), _get(READY_PATH, ready)]


def _get(path: str, endpoint: Callable[..., object]) -> Route:
    return Route(path, endpoint, methods=["GET"])
