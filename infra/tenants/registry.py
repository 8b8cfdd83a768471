"""The keys of a stage as an operator keeps them: a file of hashes, never of keys."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from shared.settings import SCOPES, USUAL_SCOPES, scopes_of

ID_LENGTH = 12
USUAL = tuple(scope for scope in SCOPES if scope in USUAL_SCOPES)
"""`all`: what a key is good for that is not limited."""
_VERSION = 2
_USUAL_IN_1 = ["otp:request", "otp:verify", "notify", "read", "admin"]
"""All that there was in the first version of the file, which wrote the names out."""
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{8,64}")


class RegistryInvalid(Exception):
    """What was asked for cannot be, or the file is not a registry; the text says which and why."""


@dataclass(frozen=True, slots=True)
class HeldKey:
    """One key. scopes: in the order of SCOPES. created_at, revoked_at: as RFC 3339; empty where it
    is not revoked. Raises RegistryInvalid.
    """

    tenant: str
    digest: str
    scopes: tuple[str, ...]
    created_at: str
    revoked_at: str = ""

    def __post_init__(self) -> None:
        if not _TENANT.fullmatch(self.tenant):
            raise RegistryInvalid("a tenant is 1 to 32 of a-z 0-9 _ -, and begins with a-z 0-9")
        if not _DIGEST.fullmatch(self.digest):
            raise RegistryInvalid("a hash is the SHA-256 of a key, 64 digits in lower-case hex")
        try:
            known = scopes_of(self.scopes)
        except ValueError as error:
            raise RegistryInvalid(str(error)) from None
        if self.scopes != tuple(scope for scope in SCOPES if scope in known):
            raise RegistryInvalid("a scope stands twice, or scopes are out of order")

    @property
    def key_id(self) -> str:
        """What an operator calls it by: the beginning of its hash."""
        return self.digest[:ID_LENGTH]

    @property
    def shown_scopes(self) -> str:
        """As the setting writes them; `all` if there is no limit."""
        return "all" if self.scopes == USUAL else "+".join(self.scopes)

    @property
    def setting(self) -> str:
        """Its part of API_KEYS."""
        limit = "" if self.scopes == USUAL else f":{self.shown_scopes}"
        return f"{self.tenant}:{self.digest}{limit}"


@dataclass(frozen=True, slots=True)
class Registry:
    """The keys in the order in which they were made. Raises RegistryInvalid."""

    keys: tuple[HeldKey, ...] = ()

    def __post_init__(self) -> None:
        if len({key.digest for key in self.keys}) < len(self.keys):
            raise RegistryInvalid("a key is there already")

    @property
    def setting(self) -> str:
        """API_KEYS with all that are not revoked."""
        return ",".join(key.setting for key in self.keys if not key.revoked_at)

    def live_of(self, tenant: str) -> list[HeldKey]:
        """A tenant's keys that are not revoked, the newest last."""
        return [key for key in self.keys if key.tenant == tenant and not key.revoked_at]

    def find(self, key_id: str) -> HeldKey | None:
        """The key whose hash begins so; None if there is none. Raises RegistryInvalid if there are
        several, or it is no beginning of 8 digits or more.
        """
        if not _ID.fullmatch(key_id):
            raise RegistryInvalid("a key is named by the first 8 to 64 hex digits of its hash")
        found = [key for key in self.keys if key.digest.startswith(key_id)]
        if len(found) > 1:
            raise RegistryInvalid("several keys begin so: give more digits")
        return found[0] if found else None

    def with_key(self, key: HeldKey) -> Registry:
        """The same with one key more."""
        return Registry((*self.keys, key))

    def replaced(self, digest: str, **changes: object) -> Registry:
        """The same with one key changed."""
        return Registry(
            tuple(
                replace(key, **changes) if key.digest == digest else key  # type: ignore[arg-type]  # by its callers
                for key in self.keys
            )
        )


@dataclass(frozen=True, slots=True)
class RegistryFile:
    """A registry on disk."""

    path: Path

    def load(self) -> tuple[Registry, bytes]:
        """What it holds, and its bytes; empty where there is no file. Raises RegistryInvalid."""
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return Registry(), b""
        except OSError as error:
            raise RegistryInvalid(f"{self.path}: {error.strerror}") from None
        try:
            data = json.loads(raw)
            usual = _USUAL_IN_1 if data["version"] == 1 else ["all"]
            keys = tuple(
                HeldKey(
                    **{
                        **each,
                        "scopes": USUAL if each["scopes"] == usual else tuple(each["scopes"]),
                    }
                )
                for each in data["keys"]
            )
            return Registry(keys), raw
        except RegistryInvalid as error:
            raise RegistryInvalid(f"{self.path}: {error}") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise RegistryInvalid(f"{self.path}: not a registry of tenants' keys") from None

    def save(self, registry: Registry, *, was: bytes) -> None:
        """Write it whole or not at all, for its owner alone. Raises RegistryInvalid if it cannot be
        written, or if it has changed since it `was` read.
        """
        if self.load()[1] != was:
            raise RegistryInvalid(f"{self.path}: someone else has just changed it; try again")
        try:
            _replace(self.path, _rendered(registry.keys))
        except OSError as error:
            raise RegistryInvalid(f"{self.path}: {error.strerror}") from None


def _rendered(keys: Sequence[HeldKey]) -> bytes:
    held = [
        {**asdict(key), "scopes": ["all"] if key.scopes == USUAL else key.scopes} for key in keys
    ]
    data = {"version": _VERSION, "keys": held}
    return (json.dumps(data, indent=2) + "\n").encode()


def _replace(path: Path, content: bytes) -> None:
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise
