"""The credentials of the current invocation, for every SDK client of the process.

Clients live as long as the process, role credentials only as long as their invocation says: each
client asks here at every call. On Python 3.10 the platform hands them over in the context, on 3.12
only in the environment, which is read at the moment of use, never at import.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from shared.errors import ProviderUnavailable


@dataclass(frozen=True, slots=True, repr=False)
class RoleCredentials:
    """An STS triple, or a key pair with an empty token."""

    access_key_id: str
    access_key_secret: str
    security_token: str


_current: ContextVar[RoleCredentials | None] = ContextVar("role_credentials", default=None)


def bind_credentials(credentials: RoleCredentials | None) -> None:
    """Use `credentials` from now on; None: those of the environment."""
    _current.set(credentials)


def current_credentials(environment: Mapping[str, str] | None = None) -> RoleCredentials:
    """The invocation's credentials. Raises ProviderUnavailable if there are none at all."""
    bound = _current.get()
    if bound is not None:
        return bound
    environ = os.environ if environment is None else environment
    credentials = RoleCredentials(
        access_key_id=environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID", ""),
        access_key_secret=environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ""),
        security_token=environ.get("ALIBABA_CLOUD_SECURITY_TOKEN", ""),
    )
    if not (credentials.access_key_id and credentials.access_key_secret):
        raise ProviderUnavailable("no_credentials")
    return credentials
