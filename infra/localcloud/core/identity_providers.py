"""The OpenID Connect providers that the account trusts, each with the public keys of its tokens.

The real service fetches the keys from the provider's `jwks_uri`. Here they are given with the
provider (a JWK set), so that nothing leaves this machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.localcloud.core.identities import ACCOUNT_ID

Jwk = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """One provider. `client_ids` are the audiences that it may issue for; `keys` its JWK set.

    signing_key: the private key (PEM) of a provider that the local cloud itself plays; "" for any
    other.
    """

    name: str
    issuer: str
    client_ids: tuple[str, ...]
    keys: tuple[Jwk, ...]
    signing_key: str = ""

    @property
    def arn(self) -> str:
        """`acs:ram::<account>:oidc-provider/<name>`."""
        return f"acs:ram::{ACCOUNT_ID}:oidc-provider/{self.name}"


class IdentityProviders:
    """The providers of one cloud, kept in a file that its owner alone can read."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._providers: dict[str, OidcProvider] = {}
        if file is not None and file.exists():
            for fields in json.loads(file.read_text(encoding="utf-8")):
                lists = {name: tuple(fields[name]) for name in ("client_ids", "keys")}
                self._providers[fields["name"]] = OidcProvider(**{**fields, **lists})

    def put(self, provider: OidcProvider) -> None:
        """Trust a provider, in the place of one of its name."""
        self._providers[provider.name] = provider
        self._save()

    def remove(self, name: str) -> bool:
        """Trust it no more. False if nobody did."""
        was_there = self._providers.pop(name, None) is not None
        self._save()
        return was_there

    def find(self, name: str) -> OidcProvider | None:
        """The provider of that name."""
        return self._providers.get(name)

    def by_arn(self, arn: str) -> OidcProvider | None:
        """The provider of that ARN."""
        return next((each for each in self._providers.values() if each.arn == arn), None)

    def all(self) -> list[OidcProvider]:
        """Every provider, by name."""
        return [provider for _, provider in sorted(self._providers.items())]

    def clear(self) -> None:
        """Trust none."""
        self._providers.clear()
        self._save()

    def _save(self) -> None:
        if self._file is None:
            return
        draft = self._file.with_suffix(".new")
        draft.touch(mode=0o600)
        content = [asdict(provider) for provider in self.all()]
        draft.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        draft.replace(self._file)
