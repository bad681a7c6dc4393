"""A provider of OpenID Connect on loopback: discovery, keys, the code flow with PKCE; it lies where a test asks."""

import json
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qs, unquote_plus, urlencode

from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from streams.cli.serving import listen, serving
from streams.domain.units import Millis

CLIENT: Final = "board"
SECRET: Final = "it's: a secret %"  # noqa: S105 - of a client in tests


def rsa_key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"}, auto_kid=False)


KEY: Final = rsa_key("one")


@dataclass
class Provider:
    """What it says, and to whom; tests change it.

    Attributes:
        claims: what it says of whoever signs in.
        lies: claims that override those of each token it makes; ``None`` leaves one out.
        key: what it signs with, ``published`` what it says it signs with.
        tell: metadata that overrides its own.
        answers: what replaces the parameters with which it sends a browser back.
    """

    now: Callable[[], Millis]
    url: str = ""
    secret: str | None = SECRET
    claims: dict[str, Any] = field(
        default_factory=lambda: {"sub": "7", "name": "Ada", "teams": ["payments"], "roles": ["lead", "gardener"]}
    )
    lies: dict[str, Any] = field(default_factory=dict)
    key: RSAKey | OctKey = field(default_factory=lambda: KEY)
    published: list[RSAKey] = field(default_factory=lambda: [KEY])
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    tell: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    lasts_s: int = 3_600
    keys_asked: int = 0
    codes: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    def sign(self, key: RSAKey | OctKey, kid: str = "one", alg: str = "RS256") -> None:
        """Sign with another key from now on."""
        self.key, self.header = key, {"alg": alg, "kid": kid} if alg == "RS256" else {"alg": alg}

    async def _metadata(self, _: Request) -> Response:
        told = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }
        return JSONResponse(told | self.tell)

    async def _keys(self, _: Request) -> Response:
        self.keys_asked += 1
        return JSONResponse(KeySet(list(self.published)).as_dict(private=False))

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"]} | self.answers
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 303)

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or not self._is_client(request, form) or not _fits(form, asked):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = self.now() // 1_000
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + self.lasts_s, "nonce": asked["nonce"]}
        claims |= self.claims | self.lies
        claims = {name: value for name, value in claims.items() if value is not None}
        if claims.pop("unsigned", False):
            parts = (
                urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, claims)
            )
            return JSONResponse({"access_token": "opaque", "id_token": f"{'.'.join(parts)}."})
        token = jwt.encode(self.header, claims, self.key, algorithms=["RS256", "HS256"])
        return JSONResponse({"access_token": "opaque", "token_type": "Bearer", "id_token": token})

    def _is_client(self, request: Request, form: Mapping[str, str]) -> bool:
        if self.secret is None:
            return form.get("client_id") == CLIENT and "authorization" not in request.headers
        name, _, secret = b64decode(request.headers["authorization"].removeprefix("Basic ")).decode().partition(":")
        return (unquote_plus(name), unquote_plus(secret)) == (CLIENT, self.secret)


def _fits(form: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    digest = sha256(form.get("code_verifier", "").encode()).digest()
    challenge = urlsafe_b64encode(digest).decode().rstrip("=")
    return challenge == asked["code_challenge"] and form["redirect_uri"] == asked["redirect_uri"]


@contextmanager
def provider(now: Callable[[], Millis]) -> Iterator[Provider]:
    """Run a provider until the block ends."""
    running = Provider(now)
    with serving(running.app(), listen("127.0.0.1", 0)) as server:
        running.url = server.url
        yield running
