"""Where brokers listen: each for clients, for the other brokers, and for the other controllers."""

import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from deploy.kafka.java import SetupError

HOST = "127.0.0.1"
CHOICE = range(20_000, 32_000)
"""Below those that systems give to outgoing connections: one of them could hold the port of a broker that is away."""


@dataclass(frozen=True)
class Ports:
    """The ports of one broker."""

    clients: int
    brokers: int
    controllers: int


def choose_ports(brokers: int, first: int | None) -> dict[int, Ports]:
    """Choose the ports of brokers 1, 2, …: for clients from ``first`` on if it is given, the others as they are free.

    Raises:
        SetupError: One that is asked for is taken.
    """
    wanted = range(first, first + brokers) if first else range(0)
    for port in wanted:
        if not _is_free(port):
            msg = f"port {port} of {HOST} is taken: end what listens there, or choose another with --port"
            raise SetupError(msg)
    free = free_ports()
    clients = wanted or list(islice(free, brokers))
    return {number: Ports(port, next(free), next(free)) for number, port in enumerate(clients, start=1)}


def free_ports() -> Iterator[int]:
    """Yield ports on which nothing listens now, in random order."""
    return (port for port in random.sample(CHOICE, len(CHOICE)) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that just ended don't hold a port
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
