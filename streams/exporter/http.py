"""The exporter over HTTP: ``GET /metrics``, and an index that says where things are."""

from collections.abc import Mapping
from html import escape

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from streams.exporter.collector import Exporter
from streams.exporter.exposition import expose

METRICS_PATH = "/metrics"


def metrics_route(registry: CollectorRegistry) -> Route:
    """Return the route that Prometheus scrapes. Reading a ledger blocks, so it runs in Starlette's thread pool."""

    def metrics(request: Request) -> Response:
        body, content_type = expose(registry, ", ".join(request.headers.getlist("accept")))
        return Response(body, headers={"content-type": content_type, "vary": "Accept"})

    return Route(METRICS_PATH, metrics)


def index_route(links: Mapping[str, str]) -> Route:
    """Return the route of the index: links by path, with what is there."""
    items = "".join(
        f'<li><a href="{escape(path)}">{escape(path)}</a> {escape(what)}</li>' for path, what in links.items()
    )
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Outcome monitor</title>'
        f"<h1>Outcome monitor</h1><ul>{items}</ul></html>"
    )

    async def index(_: Request) -> Response:
        return HTMLResponse(page)

    return Route("/", index)


def create_app(exporter: Exporter) -> Starlette:
    """Return an application that serves the exporter alone."""
    links = {METRICS_PATH: "for Prometheus: outputs beside outcomes, and the monitor's own health"}
    return Starlette(
        routes=[index_route(links), metrics_route(exporter.registry)],
        middleware=[Middleware(GZipMiddleware, minimum_size=1024)],
    )
