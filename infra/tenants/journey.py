"""What an operator does with keys. The store hears of a revocation first, the file after it: cut
off in between, the key is dead and the command can be run again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone

from infra.tenants.registry import USUAL, HeldKey, Registry, RegistryFile
from shared.access.revocation import revocation
from shared.clock import Clock
from shared.rows import RowStore
from shared.settings import SCOPES


class Refused(Exception):
    """Something that was asked for and cannot be done; the text says what and why."""


class Keeper:
    """The keys of one stage.

    store: made only when it is needed. is_rehearsal: say what would be done, and change nothing.
    Every method raises Refused and RegistryInvalid.
    """

    def __init__(
        self,
        file: RegistryFile,
        *,
        clock: Clock,
        store: Callable[[], RowStore],
        is_rehearsal: bool,
        say: Callable[[str], None],
    ) -> None:
        self._file = file
        self._clock = clock
        self._store = store
        self._is_rehearsal = is_rehearsal
        self._say = say
        self._registry, self._was = file.load()

    def lines(self, tenant: str | None) -> list[str]:
        """The keys as a table, the newest of each tenant last."""
        keys = [key for key in self._registry.keys if tenant in (None, key.tenant)]
        head = f"{'tenant':<34}{'key':<14}{'created':<22}{'state':<30}scopes"
        return [head, *(_line(key) for key in sorted(keys, key=lambda key: key.tenant))]

    def setting(self) -> str:
        """API_KEYS. Raises Refused if there would be none: no function would start."""
        if not self._registry.setting:
            raise Refused("there is no key that is not revoked; make one: add TENANT")
        return self._registry.setting

    def add(self, tenant: str, digest: str, scopes: str) -> bool:
        """Put a key on record; False in a rehearsal."""
        key = HeldKey(tenant, digest, _scopes(scopes), self._now())
        deed = f"put a key of {tenant} on record, good for {key.shown_scopes}"
        if not self._save(self._registry.with_key(key), deed):
            return False
        self._say(f"{key.key_id}: a key of {tenant}, good for {key.shown_scopes}. {_DEPLOY}")
        return True

    def rotate(self, tenant: str, digest: str) -> bool:
        """Put a key like the newest of a tenant beside it; False in a rehearsal."""
        live = self._registry.live_of(tenant)
        if not live:
            raise Refused(f"{tenant} has no key that could be rotated: add {tenant}")
        if not self.add(tenant, digest, live[-1].shown_scopes):
            return False
        old = " ".join(key.key_id for key in live)
        self._say(f"Both are good then. Once the tenant has changed over: revoke {old}")
        return True

    def limit(self, key_id: str, scopes: str) -> None:
        """Say what a key is good for."""
        key = self._registry.find(key_id)
        if key is None or key.revoked_at:
            raise Refused("there is no such key that is not revoked")
        changed = self._registry.replaced(key.digest, scopes=_scopes(scopes))
        if self._save(changed, f"make {key.key_id} of {key.tenant} good for {scopes}"):
            self._say(f"{key.key_id}: good for {scopes}. {_DEPLOY}")

    def revoke(self, key_ids: Sequence[str], tenant: str | None) -> None:
        """End keys, in the store and then on record. Raises StoreUnavailable.

        A whole hash need not be on record: the file may be lost when a key leaks.
        """
        digests = self._to_revoke(key_ids, tenant)
        names = ", ".join(digest[:12] for digest in digests)
        if self._is_rehearsal:
            self._say(f"would revoke {names}: in the table at once, in {self._file.path} after it")
            return
        now_ms = self._clock.now_ms()
        store, verdicts = self._store(), list[bool]()
        for start in range(0, len(digests), _ROWS_A_TRIP):
            part = digests[start : start + _ROWS_A_TRIP]
            verdicts += store.apply([revocation(digest, now_ms) for digest in part])
        registry = self._registry
        for digest in digests:
            held = registry.find(digest)
            if held is not None and not held.revoked_at:
                registry = registry.replaced(digest, revoked_at=self._now())
        if registry != self._registry:
            self._file.save(registry, was=self._was)
        for digest, is_news in zip(digests, verdicts, strict=True):
            ends = "refused everywhere within a minute" if is_news else "was revoked before"
            self._say(f"{digest[:12]}: {ends}")
        self._say(_DEPLOY)

    def _to_revoke(self, key_ids: Sequence[str], tenant: str | None) -> list[str]:
        if bool(key_ids) == bool(tenant):
            raise Refused("say which: keys, or --tenant TENANT")
        # Those on record as revoked as well: the table may be another, or have lost it.
        digests = [key.digest for key in self._registry.keys if key.tenant == tenant]
        for key_id in key_ids:
            held = self._registry.find(key_id)
            if held is None and len(key_id) < 64:
                raise Refused(f"there is no key {key_id} on record: give its whole hash")
            digests.append(held.digest if held else key_id)
        if not digests:
            raise Refused(f"{tenant} has no keys on record")
        return list(dict.fromkeys(digests))

    def _save(self, registry: Registry, deed: str) -> bool:
        if self._is_rehearsal:
            self._say(f"would {deed}")
            return False
        self._file.save(registry, was=self._was)
        self._registry, self._was = self._file.load()
        return True

    def _now(self) -> str:
        at = datetime.fromtimestamp(self._clock.now_ms() / 1000, timezone.utc)
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")


_ROWS_A_TRIP = 200
_DEPLOY = "For the next deployment: python -m infra.tenants setting"


def _scopes(text: str) -> tuple[str, ...]:
    given = list(USUAL) if text == "all" else text.split("+")
    strange = [name for name in given if name not in SCOPES]
    if strange or len(set(given)) < len(given):
        raise Refused(
            f"scopes are some of {', '.join(SCOPES)}, joined by +; or all, which is all but operate"
        )
    return tuple(scope for scope in SCOPES if scope in given)


def _line(key: HeldKey) -> str:
    state = f"revoked {key.revoked_at}" if key.revoked_at else "live"
    return f"{key.tenant:<34}{key.key_id:<14}{key.created_at:<22}{state:<30}{key.shown_scopes}"
