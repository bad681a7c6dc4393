"""Puts the board behind the way to sign in that the configuration chooses."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from streams.board.access.audit import Audit
from streams.board.access.body_limit import BodyLimit
from streams.board.access.config import AccessConfig, AccessError, Oidc, Proxy, Tokens
from streams.board.access.form_tokens import FormTokens
from streams.board.access.guard import Describe, Guard
from streams.board.access.headers import SecurityHeaders
from streams.board.access.nobody import Nobody
from streams.board.access.port import Access
from streams.board.access.proxy import ProxyHeaders
from streams.board.access.site import Site
from streams.board.access.token_file import TokenFile
from streams.board.access.tokens import StaticTokens
from streams.domain.units import Millis


def entrance(
    app: ASGIApp,
    config: AccessConfig,
    now: Callable[[], Millis],
    *,
    describe: Describe,
    public: Sequence[str],
) -> ASGIApp:
    """Return an application behind the entrance.

    Args:
        app: the board; :mod:`streams.board.access.passage` tells it who is there.
        config: who gets in, and how.
        now: the clock.
        describe: what the audit log says that requests are about.
        public: beginnings of paths that anyone may see, such as ``/static/``.

    Raises:
        AccessError: a library is missing, or something that the way to sign in needs.
    """
    site = Site(config.url, config.proxies)
    audit = Audit(config.audit, config.salt, now)
    access, elsewhere = _access(config, site, audit, now)
    guard = Guard(app, access, site, FormTokens(now), audit, now, describe, tuple(public))
    https = config.url is not None and config.url.startswith("https:")
    return SecurityHeaders(BodyLimit(guard, config.max_body), https=https, public=public, form_action=elsewhere)


def _access(config: AccessConfig, site: Site, audit: Audit, now: Callable[[], Millis]) -> tuple[Access, Sequence[str]]:
    """Return the way to sign in, and the origins elsewhere that its forms may lead to."""
    match config.way:
        case None:
            return Nobody(), ()
        case Proxy() as proxy:
            return ProxyHeaders(proxy, site, config.roles), ()
        case Tokens(path):
            file = TokenFile(path)
            file.entries()  # what is wrong with it is told at the start
            return StaticTokens(file, config.roles, config.session, audit, now), ()
        case Oidc() as oidc:
            return _open_id(oidc, config, audit, now), (_origin(oidc.issuer),)


def _open_id(oidc: Oidc, config: AccessConfig, audit: Audit, now: Callable[[], Millis]) -> Access:
    missing = [name for name in ("authlib", "httpx", "joserfc") if find_spec(name) is None]
    if missing:
        msg = f"OpenID Connect needs {', '.join(missing)}: install them with pip install 'outcome-monitor[board]'"
        raise AccessError(msg)
    if config.url is None:
        msg = "OpenID Connect needs the address that browsers use, where the provider sends them back; set board.url"
        raise AccessError(msg)
    from streams.board.access.open_id import OpenId  # noqa: PLC0415 - its libraries may be missing
    from streams.board.access.provider import Provider  # noqa: PLC0415

    try:
        provider = Provider(oidc, config.url, now)
    except OSError as error:  # as ssl.SSLError is
        msg = f"{oidc.ca_file}: no certificates can be read from it ({error.strerror}); name a file in PEM"
        raise AccessError(msg) from error
    return OpenId(provider, oidc, config, audit, now)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
