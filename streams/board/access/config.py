"""What the ways to sign in are told: plain values, whoever reads them from wherever."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TypeAlias

from streams.domain.units import HOUR, Millis

Network: TypeAlias = IPv4Network | IPv6Network


class AccessError(RuntimeError):
    """The way to sign in can't be used as it is configured, or would let in whoever comes; says what would be right."""


@dataclass(frozen=True, slots=True)
class Role:
    """What whoever has a role may see and do. Nothing by default."""

    sees_customers: bool = False
    may_act: bool = False
    all_teams: bool = False


@dataclass(frozen=True, slots=True)
class Oidc:
    """A provider of OpenID Connect, and what it knows us by.

    Attributes:
        issuer: its address, exactly as its tokens say it.
        client_secret: ``None`` for a public client, which proves itself by PKCE alone.
        name_claim: the claim that holds who somebody is; likewise the other two.
        ca_file: who signs the provider's certificate; ``None`` for those whom this machine trusts.
    """

    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    scopes: tuple[str, ...] = ("openid", "profile")
    name_claim: str = "name"
    teams_claim: str = "teams"
    roles_claim: str = "roles"
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Proxy:
    """The headers by which a reverse proxy says who is there, and the secret that shows that it is the proxy."""

    secret: str = field(repr=False)
    user_header: str = "X-Forwarded-User"
    teams_header: str = "X-Forwarded-Teams"
    roles_header: str = "X-Forwarded-Roles"
    secret_header: str = "X-Proxy-Secret"  # noqa: S105 - the name of a header


@dataclass(frozen=True, slots=True)
class Tokens:
    """The file that lists the tokens there are."""

    file: Path


Way: TypeAlias = Oidc | Proxy | Tokens | None
"""How people sign in; ``None`` for not at all, which only loopback allows."""


@dataclass(frozen=True, slots=True)
class AccessConfig:
    """Everything that decides who gets in. Durations in milliseconds, sizes in bytes.

    Attributes:
        way: how people sign in.
        roles: what each role may see and do, by name.
        url: the board's address as browsers see it, such as ``https://board.example``; needed for OpenID Connect.
        proxies: where reverse proxies are, whose word on the visitor's address and on https is taken.
        session: whoever signed in is asked again after this time at the latest.
        max_body: the largest body of a request.
        audit: the file of the audit log; ``None`` for the standard error.
        salt: keys the hashes that stand for nudges in the audit log.
    """

    way: Way
    salt: bytes = field(repr=False)
    roles: Mapping[str, Role] = field(default_factory=dict)
    url: str | None = None
    proxies: tuple[Network, ...] = ()
    session: Millis = 12 * HOUR
    max_body: int = 16 << 10
    audit: Path | None = None
