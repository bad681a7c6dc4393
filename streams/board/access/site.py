"""Where the board is and who stands before it: whose word counts on a visitor's address, on https, and on our name."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from streams.board.access.config import AccessConfig, AccessError, Network, Proxy
from streams.board.access.port import Refused, Visit

_Address: TypeAlias = IPv4Address | IPv6Address


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach an address."""
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def check_exposure(host: str, access: AccessConfig) -> None:
    """Make sure that whoever can reach the board has to prove who they are, and that nobody on the way learns how.

    Raises:
        AccessError: if other machines reach the address, and nobody has to sign in, or not by https.
    """
    if is_loopback(host):
        return
    if access.way is None:
        msg = (
            f"{host}: other machines could read the board there and answer nudges, and nobody has to sign in; set"
            " board.access to oidc, proxy or tokens, or listen on 127.0.0.1"
        )
        raise AccessError(msg)
    if not isinstance(access.way, Proxy) and not (access.url or "").startswith("https:") and not _is_here(access.url):
        msg = (
            f"{host}: tokens and sessions could be read on the way there; put a reverse proxy that speaks https before"
            " it, set board.url to the https:// address that browsers then use and board.proxies to where the proxy is,"
            " or listen on 127.0.0.1"
        )
        raise AccessError(msg)


@dataclass(frozen=True, slots=True)
class Site:
    """The board's own address, and the proxies before it."""

    url: str | None
    proxies: tuple[Network, ...]

    def visit(self, scope: Scope) -> Visit:
        """Return where a request comes from.

        Raises:
            Refused: it was sent to a name that is not ours: a page elsewhere may have had its own name lead here.
        """
        headers = Headers(scope=scope)
        peer: str = (scope.get("client") or ("unknown", 0))[0]
        by_proxy = self.is_proxy(peer)
        scheme = str(scope["scheme"])
        if by_proxy and headers.get("x-forwarded-proto", scheme).lower() == "https":
            scheme = "https"
        origin = self._origin(headers.getlist("host"), scheme, by_proxy=by_proxy)
        address = self._behind(peer, headers.getlist("x-forwarded-for")) if by_proxy else peer
        return Visit(address, peer, origin, https=origin.startswith("https:"))

    def is_proxy(self, peer: str) -> bool:
        """Say whether an address is that of a proxy whose word is taken."""
        address = _address(peer)
        return address is not None and any(address in network for network in self.proxies)

    def _origin(self, hosts: list[str], scheme: str, *, by_proxy: bool) -> str:
        own = None if self.url is None else urlsplit(self.url)
        if own is not None and (by_proxy or hosts == [own.netloc]):
            return f"{own.scheme}://{own.netloc}"
        if len(hosts) == 1 and _needs_no_resolving(hosts[0]) and self._is_known_at(hosts[0]):
            return f"{scheme}://{hosts[0].lower()}"
        why = f"the request is for another host: {', '.join(hosts)[:200]!r}"
        says = "The board is not known by this name; whoever runs it sets board.url to the address that browsers use."
        raise Refused(HTTPStatus.MISDIRECTED_REQUEST, why, says)

    def _is_known_at(self, host: str) -> bool:
        """Say whether browsers may use a name: a board that is said to be on this machine is nowhere else."""
        return not _is_here(self.url) or _is_here(f"//{host}")

    def _behind(self, peer: str, forwarded: list[str]) -> str:
        """Return the last address on the way here that is not a proxy's: what lies before it anybody can write."""
        for hop in reversed(list(_hops(forwarded))):
            address = _address(hop)
            if address is None:
                return peer
            if not self.is_proxy(hop):
                return str(address)
        return peer


def _is_here(url: str | None) -> bool:
    """Say whether browsers of this machine alone can use an address."""
    return url is not None and is_loopback(urlsplit(url).hostname or "")


def _hops(forwarded: list[str]) -> Iterator[str]:
    for value in forwarded:
        yield from (hop.strip() for hop in value.split(","))


def _needs_no_resolving(host: str) -> bool:
    """Say whether a name means the same to everyone, so that nobody else could have it lead here."""
    try:
        parts = urlsplit(f"//{host}")
        name = parts.hostname or ""
    except ValueError:
        return False
    if parts.netloc != host or "@" in host:
        return False  # more than a name and a port
    return name == "localhost" or _address(name) is not None


def _address(text: str) -> _Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
