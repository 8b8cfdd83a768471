"""Who is calling: an API key, of which only the hash is held, or an app of the API gateway."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from shared.access.revocation import KeyCheck, Revocations
from shared.errors import Forbidden, Unauthenticated
from shared.settings import USUAL_SCOPES

Scope = Literal[
    "otp:request", "otp:verify", "notify", "read", "admin", "figures", "support", "operate"
]
"""What a caller may do, as in shared/settings.py."""

_BEARER = re.compile(r"Bearer +([\x21-\x7e]{16,256})", re.IGNORECASE)


def hash_key(api_key: str) -> str:
    """What is held of a key. Plain SHA-256 serves, as a key has 256 random bits of its own."""
    return hashlib.sha256(api_key.encode()).hexdigest()


@dataclass(frozen=True, slots=True, repr=False)
class Caller:
    """A tenant that calls. check: what the request still has to ask of the store, if anything.
    client_ip: the address of a public client; None where the tenant's own server calls.
    """

    tenant: str
    check: KeyCheck | None = None
    client_ip: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class KnownKey:
    """A key: whose it is, and what it is good for. check: as of a Caller."""

    tenant: str
    scopes: frozenset[str]
    check: KeyCheck | None = None


@dataclass(frozen=True, slots=True, repr=False)
class ApiKeys:
    """Tenants by the hash of their keys, of which they may have several.

    scopes: of the keys with others than usual. apps: tenant and scopes by the gateway's app id.
    revocations: None to believe every key.
    """

    tenants: Mapping[str, str]
    scopes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    apps: Mapping[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    revocations: Revocations | None = None

    def caller(
        self,
        authorization: str | None,
        *,
        scope: Scope,
        app_id: str | None = None,
        source_ip: str = "",
    ) -> Caller:
        """Who proves to be calling, by the Authorization header or else by the gateway's word.

        app_id: only where the gateway itself said so. Raises Unauthenticated, Forbidden without the
        scope.
        """
        given = (authorization or "").strip()
        if app_id is not None and given.partition(" ")[0].lower() != "bearer":
            return self._app(app_id, scope, source_ip)
        bearer = _BEARER.fullmatch(given)
        digest = hash_key(bearer[1]) if bearer else ""
        tenant, scopes = self._held(digest)
        if scope not in scopes:
            raise Forbidden
        return Caller(tenant, self._check(digest))

    def known(self, digest: str) -> KnownKey:
        """The key with that hash, for who shows it once and is remembered by its hash after that.
        Raises Unauthenticated.
        """
        tenant, scopes = self._held(digest)
        return KnownKey(tenant, scopes, self._check(digest))

    def _held(self, digest: str) -> tuple[str, frozenset[str]]:
        # A look-up by digest: its timing tells nothing about any key that is held.
        tenant = self.tenants.get(digest)
        if tenant is None:
            raise Unauthenticated
        return tenant, self.scopes.get(digest, USUAL_SCOPES)

    def _check(self, digest: str) -> KeyCheck | None:
        return self.revocations.check(digest) if self.revocations else None

    def _app(self, app_id: str, scope: Scope, source_ip: str) -> Caller:
        """The app is on a device that anybody may hold: its address counts, and must be known."""
        app = self.apps.get(app_id)
        if app is None:
            raise Unauthenticated
        try:
            address = ipaddress.ip_address(source_ip)
        except ValueError:
            raise Unauthenticated from None
        tenant, scopes = app
        if scope not in scopes:
            raise Forbidden
        return Caller(tenant, client_ip=str(address).partition("%")[0])
