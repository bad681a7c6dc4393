"""A provider of OpenID Connect: where it is asked, and what its tokens say once they have been checked."""

import ssl
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from pydantic import BaseModel, ValidationError

from streams.board.access.config import Oidc
from streams.board.access.port import SIGN_IN_PATH
from streams.board.access.site import is_loopback
from streams.domain.units import HOUR, MINUTE, SECOND, Millis

CALLBACK_PATH: Final = f"{SIGN_IN_PATH}/callback"

_KNOWN_FOR: Final[Millis] = HOUR
_KEYS_ASKED_EVERY: Final[Millis] = MINUTE
_CLOCKS_APART_S: Final = 60
_TIMEOUT_S: Final = 10.0
_ALGORITHMS: Final = tuple(f"{kind}{size}" for kind in ("RS", "PS", "ES") for size in (256, 384, 512))
"""Signatures that the provider alone can make. Never what a token or the provider's own document asks for."""


class ProviderError(Exception):
    """The provider can't be reached, or answers with what can't be used."""


class BadTokenError(Exception):
    """A token is not what it should be."""


class Metadata(BaseModel):
    """What the provider says of itself (OpenID Connect Discovery)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


@dataclass(frozen=True, slots=True)
class Question:
    """What only the browser that was sent to the provider, and we, know of one sign-in."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """Asks the provider. What it says of itself is asked again after an hour, its keys when a token names another."""

    def __init__(self, oidc: Oidc, url: str, now: Callable[[], Millis]) -> None:
        self._oidc = oidc
        self._redirect_uri = url.rstrip("/") + CALLBACK_PATH
        self._now = now
        self._verify = ssl.create_default_context(cafile=oidc.ca_file)
        self._metadata: tuple[Metadata, Millis] | None = None
        self._keys: tuple[KeySet, Millis] | None = None

    async def metadata(self) -> Metadata:
        """Return what the provider says of itself.

        Raises:
            ProviderError: it does not say it, or says it of another.
        """
        if self._metadata is not None and self._metadata[1] > self._now():
            return self._metadata[0]
        document = await self._ask("GET", f"{self._oidc.issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            metadata = Metadata.model_validate(document)
        except ValidationError as error:
            places = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
            msg = f"{self._oidc.issuer}: its document of discovery lacks or misstates {places}"
            raise ProviderError(msg) from None
        if metadata.issuer != self._oidc.issuer:
            msg = f"{self._oidc.issuer}: calls itself {metadata.issuer!r}; set board.oidc.issuer to exactly that"
            raise ProviderError(msg)
        self._metadata = metadata, self._now() + _KNOWN_FOR
        return metadata

    async def address_for(self, question: Question) -> str:
        """Return where a browser is sent to sign in.

        Raises:
            ProviderError: the provider does not say.
        """
        endpoint = (await self.metadata()).authorization_endpoint
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._oidc.client_id,
                "redirect_uri": self._redirect_uri,
                "scope": " ".join(self._oidc.scopes),
                "state": question.state,
                "nonce": question.nonce,
                "code_challenge": _challenge(question.verifier),
                "code_challenge_method": "S256",
            }
        )
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{query}"

    async def claims(self, code: str, question: Question) -> tuple[Mapping[str, Any], str]:
        """Return what the provider says of whoever brought a code, and the token that says so.

        Raises:
            ProviderError: it can't be asked, or does not take the code.
            BadTokenError: its token is not for us, not of this sign-in, has expired, or is not signed by it.
        """
        metadata = await self.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": question.verifier,
        }
        headers, more = self._proof(metadata)
        answer = await self._ask("POST", metadata.token_endpoint, data=form | more, headers=headers)
        token = answer.get("id_token")
        if not isinstance(token, str):
            msg = "the provider sends no ID token; the scope openid is needed"
            raise BadTokenError(msg)
        try:
            decoded = await self._decode(token)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": self._oidc.issuer},
                    "aud": {"essential": True, "value": self._oidc.client_id},
                    "exp": {"essential": True},
                },
                {
                    "nonce": question.nonce,
                    "client_id": self._oidc.client_id,
                    "access_token": answer.get("access_token"),
                },
            )
            claims.validate(self._now() // SECOND, _CLOCKS_APART_S)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            msg = f"the ID token is refused: {error}"
            raise BadTokenError(msg) from error
        if claims["exp"] * SECOND <= self._now():
            msg = "the ID token is refused: it has expired"
            raise BadTokenError(msg)
        return claims, token

    def _proof(self, metadata: Metadata) -> tuple[dict[str, str], dict[str, str]]:
        """Return the headers and the fields of a form that show that it is us."""
        oidc = self._oidc
        if oidc.client_secret is None:
            return {}, {"client_id": oidc.client_id}
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            basic = httpx.BasicAuth(quote_plus(oidc.client_id), quote_plus(oidc.client_secret))
            request = next(basic.auth_flow(httpx.Request("POST", metadata.token_endpoint)))
            return {"authorization": request.headers["authorization"]}, {}
        return {}, {"client_id": oidc.client_id, "client_secret": oidc.client_secret}

    async def _decode(self, token: str) -> jwt.Token:
        registry = JWSRegistry(algorithms=list(_ALGORITHMS), strict_check_header=False)
        try:
            return jwt.decode(token, await self._key_set(), registry=registry)
        except InvalidKeyIdError:
            return jwt.decode(token, await self._key_set(anew=True), registry=registry)

    async def _key_set(self, *, anew: bool = False) -> KeySet:
        if self._keys is not None:
            keys, asked_at = self._keys
            if asked_at + (_KEYS_ASKED_EVERY if anew else _KNOWN_FOR) > self._now():
                return keys
        found = await self._ask("GET", (await self.metadata()).jwks_uri)
        keys = KeySet.import_key_set({"keys": found.get("keys", [])})
        self._keys = keys, self._now()
        return keys

    async def _ask(
        self, method: str, url: str, data: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        parts = urlsplit(url)
        if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            msg = f"{url}: whoever is on the way could read and change what is said there; it must begin with https://"
            raise ProviderError(msg)
        try:
            async with httpx.AsyncClient(verify=self._verify, timeout=_TIMEOUT_S, follow_redirects=False) as client:
                response = await client.request(method, url, data=data, headers=headers)
            document = response.json() if response.is_success else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            msg = f"{url}: can't be used: {type(error).__name__} {error}"
            raise ProviderError(msg) from error
        if not isinstance(document, dict):
            msg = f"{url}: answers {response.status_code}: {response.text[:200]!r}"
            raise ProviderError(msg)
        return document


def _challenge(verifier: str) -> str:
    """Return what shows the provider later that a verifier is ours (RFC 7636, S256)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
