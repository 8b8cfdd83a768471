"""API keys: a tenant's proof of who it is, of which only the hash is held."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import Unauthenticated

_BEARER = re.compile(r"Bearer +([\x21-\x7e]{16,256})", re.IGNORECASE)


def hash_key(api_key: str) -> str:
    """What is held of a key. Plain SHA-256 serves, as a key has 256 random bits of its own."""
    return hashlib.sha256(api_key.encode()).hexdigest()


@dataclass(frozen=True, slots=True, repr=False)
class ApiKeys:
    """Tenants by the hash of their key."""

    tenants: Mapping[str, str]

    def tenant_of(self, authorization: str | None) -> str:
        """The tenant that an Authorization header proves. Raises Unauthenticated."""
        bearer = _BEARER.fullmatch((authorization or "").strip())
        # A look-up by digest: its timing tells nothing about any key that is held.
        tenant = self.tenants.get(hash_key(bearer[1])) if bearer else None
        if tenant is None:
            raise Unauthenticated
        return tenant
