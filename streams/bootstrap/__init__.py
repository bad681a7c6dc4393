"""The composition root: the only place where settings turn into engines, exporters and applications.

What needs the libraries of the Kafka engine is in :mod:`streams.bootstrap.kafka`.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from time import time_ns
from typing import Final, Protocol

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.contracts.schema import interactions_schema
from streams.domain.policy import Policy
from streams.domain.spikes import Detection
from streams.domain.units import Millis
from streams.engines.embedded import EmbeddedEngine
from streams.engines.embedded.appender import Appender
from streams.engines.embedded.database import MEMORY
from streams.engines.embedded.partition import Retention
from streams.engines.port import StorageError
from streams.exporter.collector import Exporter
from streams.exporter.context import Context, Objective
from streams.exporter.http import METRICS_PATH, index_route, metrics_route
from streams.exporter.process import ProcessMetrics
from streams.exporter.reader import LedgerReader
from streams.exporter.spotter import Spotter
from streams.exporter.workers import WorkerMetrics, WorkerReader
from streams.settings import Settings, schemas
from streams.sources.http import EVENTS_PATH, Append, Gateway

HEALTH_PATH: Final = "/healthz"
READY_PATH: Final = "/readyz"

SOURCE: Final = "outcome-monitor"
"""The source of the events that the monitor tells by itself."""

SPOT_S: Final = 10.0
"""How often it is asked whether failure demand has spiked, in seconds; spikes are seen by five minutes of the log."""

_DISTRIBUTION: Final = "outcome-monitor"
_SALT_BYTES: Final = 16
_STARTED_AT: Final = time_ns() // 1_000_000
_USUAL_WINDOW: Final = "7d"


def wall_clock() -> Millis:
    """Return the time of this machine's clock."""
    return time_ns() // 1_000_000


def package_version() -> str:
    """Return the version that is installed."""
    try:
        return version(_DISTRIBUTION)
    except PackageNotFoundError:  # run from a source tree
        return "0+unknown"


class Condition(Protocol):
    """How a process is; may be asked from any thread."""

    @property
    def hangs(self) -> str | None:
        """What shows that the process must be restarted, if anything does."""

    @property
    def problem(self) -> str | None:
        """What stands in the way of its work, if anything does."""


@dataclass(slots=True)
class Health:
    """Whether the monitor does its work: what stands in the way, or nothing once all is ready."""

    problem: str | None = "the engine has not started yet"
    hangs: str | None = None


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


def open_scratch_engine(path: str, policy: Policy, *, outcomes_kept: Millis = 0) -> EmbeddedEngine:
    """Open the engine on a file that nobody needs after a power cut; of what was processed, outcomes alone are kept."""
    return EmbeddedEngine(path, policy, durable=False, kept=Retention(0, outcomes_kept))


def make_exporter(settings: Settings, ledger: LedgerReader) -> Exporter:
    """Return the exporter of a ledger. Without a salt in the settings, hashes last as long as the process."""
    salt = settings.secrets.exemplar_salt
    key = secrets.token_bytes(_SALT_BYTES) if salt is None else salt.get_secret_value().encode()
    return Exporter(ledger, settings.monitor.windows, key, package_version(), make_context(settings))


def make_context(settings: Settings) -> Context:
    """Return what the contact centre wants, in so far as it changes no total."""
    monitor = settings.monitor
    asked, usual = monitor.detection, monitor.objectives
    windows = {window.name: window for window in monitor.windows}
    window = usual.window or windows.get(_USUAL_WINDOW, monitor.windows[-1])
    return Context(
        Detection(asked.false_alarms, asked.least_contacts, asked.time_zone),
        Objective(usual.service_level, usual.failure),
        {
            name: Objective(queue.service_level or usual.service_level, queue.failure or usual.failure)
            for name, queue in monitor.queues.items()
        },
        window.name,
        settings.policy().reasons,
    )


def make_spotter(settings: Settings, ledger: LedgerReader) -> Spotter:
    """Return who looks for spikes of failure demand in a ledger."""
    return Spotter(ledger, make_context(settings).detection, SOURCE, settings.policy().nudging.quiet)


def make_registry(settings: Settings, ledger: LedgerReader | None, worker: WorkerReader | None) -> CollectorRegistry:
    """Return the registry of a process: of the ledger if it exports that, and of itself if it is a worker."""
    registry = CollectorRegistry() if ledger is None else make_exporter(settings, ledger).registry
    registry.register(ProcessMetrics(_STARTED_AT))
    if worker is not None:
        registry.register(WorkerMetrics(worker))
    return registry


def make_app(settings: Settings, registry: CollectorRegistry, append: Append | None, condition: Condition) -> Starlette:
    """Return the application of a monitor: events in, if it takes any; metrics out, and how it is."""
    http = settings.monitor.http
    links = {
        METRICS_PATH: "for Prometheus: outputs beside outcomes, and the monitor's own health",
        HEALTH_PATH: "whether the process lives",
        READY_PATH: "whether it does its work",
    }
    routes = [metrics_route(registry), *_health_routes(condition)]
    if append is not None:
        links[EVENTS_PATH] = "POST events here, one JSON object a line"
        routes.append(Gateway(append, StorageError, wall_clock, http.max_body, http.max_batch).route())
    return Starlette(
        routes=[index_route(links), *routes],
        middleware=[Middleware(GZipMiddleware, minimum_size=1024)],
    )


def open_appender(path: str) -> Appender:
    """Return what puts records in the log of a file from any thread."""
    return Appender(path)


def all_schemas() -> Mapping[str, Mapping[str, object]]:
    """Return every JSON Schema of the project by the name of the file that holds it."""
    return {"interactions.v1.json": interactions_schema(), **schemas()}


def with_health(app: ASGIApp, condition: Condition) -> ASGIApp:
    """Return an application that says how it is, beside whatever it does otherwise."""
    health = Starlette(routes=_health_routes(condition))

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and scope["path"] in {HEALTH_PATH, READY_PATH}
        await (health if asked else app)(scope, receive, send)

    return either


def _health_routes(condition: Condition) -> list[Route]:
    async def healthy(_: Request) -> Response:
        why = condition.hangs
        return JSONResponse({"status": "alive"}) if why is None else JSONResponse({"status": "hangs", "why": why}, 503)

    async def ready(_: Request) -> Response:
        why = condition.hangs or condition.problem
        if why is None:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready", "why": why}, 503)

    return [_get(HEALTH_PATH, healthy), _get(READY_PATH, ready)]


def _get(path: str, endpoint: Callable[..., object]) -> Route:
    return Route(path, endpoint, methods=["GET"])
