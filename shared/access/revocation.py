"""Whether a key still opens anything: asked of its row, in a batch that a request makes anyway.

The environment says which keys there are, and changes by a deployment alone. A key that leaked
cannot wait for that, so each has a row that an operator may mark. An instance asks for it at most
once in CHECK_EVERY_MS: between two questions a revoked key is still believed, after that never
again. A revocation is final; who was revoked by mistake is given another key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.clock import Clock
from shared.errors import Unauthenticated
from shared.rows import CONSENT, Row, RowChange, RowKey, RowStore, require_absent

CHECK_EVERY_MS = 50_000
"""Under the minute that is promised, by as much as a batch may be on its way."""
_REVOKED, _SEEN = "revoked_ms", "seen_ms"


def key_row(digest: str) -> RowKey:
    """The row of the key with that hash, in the table that forgets nothing."""
    return RowKey(f"key:{digest}", "access", CONSENT)


def revocation(digest: str, now_ms: int) -> RowChange:
    """End a key; refused if it has been ended before, and then the first time stands."""
    return RowChange(
        key_row(digest),
        requires=(require_absent(_REVOKED),),
        puts={_REVOKED: now_ms},
        proof=(_REVOKED, now_ms),
    )


class Revocations:
    """What this process knows of keys: when each was last found good, and which were revoked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._good_ms: dict[str, int] = {}
        self._revoked: set[str] = set()

    def check(self, digest: str) -> KeyCheck | None:
        """What a request has to ask of the store; None while the last answer holds.

        Raises Unauthenticated for a key that is known to be revoked.
        """
        if digest in self._revoked:
            raise Unauthenticated
        now_ms = self._clock.now_ms()
        good_ms = self._good_ms.get(digest)
        # An answer from the future: the clock was set back, and nobody knows how old it is.
        if good_ms is not None and 0 <= now_ms - good_ms < CHECK_EVERY_MS:
            return None
        return KeyCheck(digest, now_ms, self)

    def learn(self, digest: str, *, is_good: bool, asked_ms: int) -> None:
        """Take an answer in. Raises Unauthenticated if the key is revoked."""
        if not is_good:
            self._revoked.add(digest)
            raise Unauthenticated
        self._good_ms[digest] = asked_ms


@dataclass(frozen=True, slots=True, repr=False)
class KeyCheck:
    """One request's question. asked_ms: the answer is dated to when it was asked, not heard."""

    digest: str
    asked_ms: int
    book: Revocations

    def change(self) -> RowChange:
        """Refused if the key is revoked. Any copy of it, at any time, does no harm."""
        return RowChange(
            key_row(self.digest),
            requires=(require_absent(_REVOKED),),
            puts={_SEEN: self.asked_ms},
        )

    def settle(self, *, was_applied: bool) -> None:
        """Take in what became of `change`. Raises Unauthenticated if it was refused."""
        self.book.learn(self.digest, is_good=was_applied, asked_ms=self.asked_ms)

    def ask(self, store: RowStore) -> None:
        """Ask in a round trip of its own. Raises Unauthenticated, StoreUnavailable."""
        (row,) = store.read([key_row(self.digest)])
        self._judge(row)

    def along(self, store: RowStore) -> RowStore:
        """`store` for a request that reads before it writes: its first read asks as well, and
        raises Unauthenticated if the key is revoked.
        """
        return _Along(store, self)

    def _judge(self, row: Row | None) -> None:
        self.settle(was_applied=row is None or _REVOKED not in row)


class _Along:
    """Implements RowStore."""

    def __init__(self, store: RowStore, check: KeyCheck) -> None:
        self._store = store
        self._check: KeyCheck | None = check

    def apply(self, changes: Sequence[RowChange]) -> list[bool]:
        if self._check is not None:  # nothing may be changed for a key that was not asked for
            check, self._check = self._check, None
            check.ask(self._store)
        return self._store.apply(changes)

    def read(self, keys: Sequence[RowKey]) -> list[Row | None]:
        if self._check is None:
            return self._store.read(keys)
        check, self._check = self._check, None
        *rows, own = self._store.read([*keys, key_row(check.digest)])
        check._judge(own)
        return rows
