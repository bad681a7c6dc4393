"""Serving an application over HTTP beside what else the process does."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EADDRINUSE
from ipaddress import ip_address
from threading import Thread
from typing import Final, Literal

import uvicorn
from starlette.types import ASGIApp

from streams.cli.exits import UsageError

_START_S: Final = 10.0
_GRACE_S: Final = 5


class ServingError(OSError):
    """The server could not be started, or ended by itself."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that runs in a thread of its own."""

    url: str
    _thread: Thread

    def check(self) -> None:
        """Make sure that it still runs.

        Raises:
            ServingError: it has ended.
        """
        if not self._thread.is_alive():
            msg = f"{self.url}: the HTTP server ended unexpectedly; start again"
            raise ServingError(msg)


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int, *, tries: int = 1) -> socket.socket:
    """Return a socket that listens on a port, or on one of the next ones where it is taken.

    Raises:
        UsageError: if none of them is free, or there is no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, port + tries):
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, candidate))
            listening.listen(128)
        except (OSError, OverflowError) as error:
            listening.close()
            if isinstance(error, OSError) and error.errno == EADDRINUSE and candidate < port + tries - 1:
                continue
            why = error.strerror if isinstance(error, OSError) else "there is no such port"
            msg = f"{host}:{candidate}: can't listen there ({why}); choose another port"
            raise UsageError(msg) from error
        return listening
    msg = f"tries={tries} must be positive"
    raise ValueError(msg)


@contextmanager
def serving(app: ASGIApp, listening: socket.socket, *, lifespan: Literal["on", "off"] = "off") -> Iterator[Serving]:
    """Serve an application on a socket until the block ends; then let requests under way finish.

    ``lifespan`` says whether the application does anything beside its requests, and has to be told of start and end.

    Raises:
        ServingError: if the server does not start.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan=lifespan,
        proxy_headers=False,  # who may say where a visitor comes from is for the application to know
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = uvicorn.Server(config)
    # A daemon, so that a request that never ends can't keep the process from ending.
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, name="http", daemon=True)
    host, port = listening.getsockname()[:2]
    thread.start()
    try:
        yield Serving(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}", thread)
    finally:
        server.should_exit = True
        thread.join(_START_S + _GRACE_S)
        listening.close()
