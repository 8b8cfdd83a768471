"""Identity providers over the control plane: whose tokens AssumeRoleWithOIDC believes.

A provider is registered with the public keys of its tokens; or without, and then the cloud plays
it: it makes a key, and tokens on request, so that a test needs no cryptography of its own.
"""

from __future__ import annotations

from aiohttp import web
from pydantic import Field, JsonValue

from infra.localcloud.control.orders import Order
from infra.localcloud.control.replies import answer, read_order
from infra.localcloud.control.watched import Watch
from infra.localcloud.core.identity_providers import OidcProvider
from infra.localcloud.core.jwt import JwkInvalid, check_jwk, new_signing_key, public_jwk, sign_jwt
from infra.localcloud.core.problems import RequestRefused

KEY_ID = "localcloud"
TOKEN_S = 3600


class Jwks(Order):
    """A JWK set (RFC 7517) of RSA and P-256 keys."""

    keys: list[dict[str, JsonValue]] = Field(min_length=1, max_length=20)


class ProviderOrder(Order):
    """Trust a provider for these audiences; without `jwks` the cloud itself plays it."""

    name: str = Field(pattern=r"^[A-Za-z0-9._\-]{1,128}$")
    issuer: str = Field(pattern=r"^https?://\S+$", max_length=512)
    client_ids: list[str] = Field(min_length=1, max_length=50)
    jwks: Jwks | None = None


class TokenOrder(Order):
    """A token of a provider that the cloud plays. audience: its first client if none is given."""

    sub: str = Field(min_length=1, max_length=255)
    aud: str | None = None
    expires_in_s: int = Field(default=TOKEN_S, ge=-86_400, le=365 * 86_400)


class IdentityRoutes:
    """The routes."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def routes(self) -> list[web.RouteDef]:
        """What the control plane adds to its own."""
        return [
            web.get("/oidc-providers", self._list),
            web.post("/oidc-providers", self._put),
            web.delete("/oidc-providers/{name}", self._remove),
            web.post("/oidc-providers/{name}/tokens", self._issue),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        providers = self._watch().cloud.identity_providers.all()
        return answer({"oidc_providers": [_described(each) for each in providers]})

    async def _put(self, request: web.Request) -> web.Response:
        order = await read_order(request, ProviderOrder)
        signing_key = "" if order.jwks else new_signing_key()
        if order.jwks:
            keys = tuple(_texts(key) for key in order.jwks.keys)
        else:
            keys = (public_jwk(signing_key, KEY_ID),)
        provider = OidcProvider(
            order.name, order.issuer, tuple(order.client_ids), keys, signing_key
        )
        self._watch().cloud.identity_providers.put(provider)
        return answer(_described(provider))

    async def _remove(self, request: web.Request) -> web.Response:
        if not self._watch().cloud.identity_providers.remove(request.match_info["name"]):
            raise RequestRefused(404, "There is no identity provider of that name")
        return await self._list(request)

    async def _issue(self, request: web.Request) -> web.Response:
        provider = self._watch().cloud.identity_providers.find(request.match_info["name"])
        if provider is None:
            raise RequestRefused(404, "There is no identity provider of that name")
        if not provider.signing_key:
            raise RequestRefused(409, "The provider's private key is not the local cloud's")
        order = await read_order(request, TokenOrder)
        now_s = int(self._watch().cloud.clock.now_s())
        claims = {
            "iss": provider.issuer,
            "sub": order.sub,
            "aud": order.aud if order.aud is not None else provider.client_ids[0],
            "iat": now_s,
            "exp": now_s + order.expires_in_s,
        }
        return answer({"token": sign_jwt(provider.signing_key, KEY_ID, claims)})


def _texts(key: dict[str, JsonValue]) -> dict[str, str]:
    texts = {name: value for name, value in key.items() if isinstance(value, str)}
    try:
        check_jwk(texts)
    except JwkInvalid as error:
        raise RequestRefused.for_field("jwks.keys", str(error)) from error
    return texts


def _described(provider: OidcProvider) -> dict[str, object]:
    return {
        "name": provider.name,
        "arn": provider.arn,
        "issuer": provider.issuer,
        "client_ids": list(provider.client_ids),
        "jwks": {"keys": [dict(key) for key in provider.keys]},
        "is_played_here": bool(provider.signing_key),
    }
