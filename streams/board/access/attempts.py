"""How often somebody may be wrong before they have to wait."""

from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import ip_interface
from typing import Final

from streams.board.access.port import Refused
from streams.domain.units import MINUTE, SECOND, Millis

FAILURES: Final = 5
WITHIN: Final[Millis] = MINUTE
_MOST: Final = 10_000


class Attempts:
    """Counts failures by address, over a sliding time. Whoever failed too often waits, with the right token as well."""

    def __init__(self, now: Callable[[], Millis]) -> None:
        self._now = now
        self._failures: dict[str, deque[Millis]] = {}

    def check(self, address: str) -> None:
        """Make sure that an address may try.

        Raises:
            Refused: it failed too often.
        """
        failed = self._recent(_network(address))
        if len(failed) >= FAILURES:
            waits = -((self._now() - failed[0] - WITHIN) // SECOND)
            raise Refused(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"more than {FAILURES} failures within {WITHIN // SECOND} s",
                f"Too many attempts. Try again in {waits} seconds.",
                {"retry-after": str(waits)},
            )

    def fail(self, address: str) -> None:
        """Note that an address failed."""
        address = _network(address)
        failed = self._recent(address)
        failed.append(self._now())
        self._failures.pop(address, None)
        while len(self._failures) >= _MOST:
            del self._failures[next(iter(self._failures))]  # whoever failed longest ago
        self._failures[address] = failed

    def _recent(self, address: str) -> deque[Millis]:
        failed = self._failures.get(address, deque())
        while failed and failed[0] <= self._now() - WITHIN:
            failed.popleft()
        return failed


def _network(address: str) -> str:
    """Return what counts as one visitor: an IPv4 address, or the network that one IPv6 customer has to itself."""
    try:
        interface = ip_interface(f"{address}/64" if ":" in address else address)
    except ValueError:
        return address
    return str(interface.network)
