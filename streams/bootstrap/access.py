"""The board's entrance, made of settings."""

import os
import secrets
from pathlib import Path
from typing import Final, TypeVar

from streams.board.access.config import AccessConfig, Oidc, Proxy, Role, Tokens, Way
from streams.settings import Settings

_SALT_BYTES: Final = 32

_T = TypeVar("_T")


def access_config(settings: Settings) -> AccessConfig:
    """Return who may see what. Without a salt in the settings, the audit log's hashes last as long as the process."""
    board, salt = settings.monitor.board, settings.secrets.audit_salt
    return AccessConfig(
        way=_way(settings),
        salt=secrets.token_bytes(_SALT_BYTES) if salt is None else salt.get_secret_value().encode(),
        roles={name: Role(role.sees_customers, role.may_act, role.all_teams) for name, role in board.roles.items()},
        url=board.url,
        proxies=board.proxies,
        session=board.session,
        max_body=board.max_body,
        audit=None if board.audit is None else Path(board.audit),
    )


def local_access() -> AccessConfig:
    """Return the entrance to a board that is only tried: this machine sees all, and nothing is written down."""
    return AccessConfig(None, secrets.token_bytes(_SALT_BYTES), audit=Path(os.devnull))


def _way(settings: Settings) -> Way:
    match settings.monitor.board.access:
        case "none":
            return None
        case "oidc":
            return _oidc(settings)
        case "proxy":
            return _proxy(settings)
        case "tokens":
            file = settings.file(settings.monitor.board.tokens.file, "board", "tokens", "file")
            return Tokens(_there(file))


def _oidc(settings: Settings) -> Oidc:
    oidc, secret = settings.monitor.board.oidc, settings.secrets.oidc_client_secret
    return Oidc(
        issuer=_there(oidc.issuer),
        client_id=_there(oidc.client_id),
        client_secret=None if secret is None else secret.get_secret_value(),
        scopes=oidc.scopes,
        name_claim=oidc.name_claim,
        teams_claim=oidc.teams_claim,
        roles_claim=oidc.roles_claim,
        ca_file=settings.file(oidc.ca_file, "board", "oidc", "ca_file"),
    )


def _proxy(settings: Settings) -> Proxy:
    proxy = settings.monitor.board.proxy
    return Proxy(
        _there(settings.secrets.proxy_secret).get_secret_value(),
        user_header=proxy.user_header,
        teams_header=proxy.teams_header,
        roles_header=proxy.roles_header,
        secret_header=proxy.secret_header,
    )


def _there(value: _T | None) -> _T:
    """Return what loading has made sure of: without it, nobody may get in."""
    if value is None:
        msg = "settings were not loaded: something that signing in needs is missing"
        raise ValueError(msg)
    return value
