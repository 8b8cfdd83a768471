"""Sessions in a cookie: which key logged in, until when. Nothing is kept on the server.

The cookie is sealed and holds the hash of the key, never the key. The key is looked up again at
each request, and its row asked as for any request: a key that was revoked or taken out of the
settings, or that lost a scope, ends or narrows its sessions at once. Logins are not throttled: a
key has 256 random bits, which nobody guesses.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from shared.access.api_keys import ApiKeys, hash_key
from shared.access.revocation import KeyCheck
from shared.clock import Clock
from shared.console.page import Visitor
from shared.errors import Unauthenticated
from shared.ids import NONCE_BYTES, RandomBytes
from shared.mac import mac_of
from shared.sealed import Sealer

LIFE_S = 8 * 3600
_KEY = re.compile(r"[\x21-\x7e]{16,256}")
_TOKEN = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """Somebody who is in. check: what is still to be asked of the store, if anything."""

    session_id: str
    visitor: Visitor
    check: KeyCheck | None


class Sessions:
    """Opens and reads sessions. secret: 32 bytes or more, which no other service has."""

    def __init__(
        self, *, api_keys: ApiKeys, secret: bytes, clock: Clock, random: RandomBytes
    ) -> None:
        self._api_keys = api_keys
        self._sealer = Sealer(mac_of(secret, b"console session"))
        self._form_key = mac_of(secret, b"console form")
        self._clock = clock
        self._random = random

    def begin(self, api_key: str) -> tuple[Session, str]:
        """A session for the key, and the cookie's value. Raises Unauthenticated."""
        if not _KEY.fullmatch(api_key):
            raise Unauthenticated
        digest, session_id = hash_key(api_key), self._random(NONCE_BYTES).hex()
        session = self._session(digest, session_id)
        expires_ms = self._clock.now_ms() + LIFE_S * 1000
        return session, self._sealer.seal(f"{digest} {session_id} {expires_ms}")

    def read(self, cookie: str | None) -> Session:
        """The session in a cookie's value. Raises Unauthenticated."""
        text = self._sealer.open(cookie) if cookie else None
        if text is None:
            raise Unauthenticated
        digest, session_id, expires_ms = text.split(" ")
        # Of more life than any is given: the clock was set back since.
        if not 0 < int(expires_ms) - self._clock.now_ms() <= LIFE_S * 1000:
            raise Unauthenticated
        return self._session(digest, session_id)

    def token(self, session: Session) -> str:
        """What a form of this session sends along; another at each call, so that a compressed
        page never holds the same one twice.
        """
        nonce = self._random(NONCE_BYTES)
        return f"{nonce.hex()}.{self._mark(session, nonce)}"

    def is_own(self, session: Session, token: str) -> bool:
        """True if the token was made for this session."""
        match = _TOKEN.fullmatch(token)
        return match is not None and hmac.compare_digest(
            self._mark(session, bytes.fromhex(match[1])), match[2]
        )

    def _mark(self, session: Session, nonce: bytes) -> str:
        return mac_of(self._form_key, session.session_id.encode(), nonce).hex()

    def _session(self, digest: str, session_id: str) -> Session:
        """Raises Unauthenticated for a key that is not known, or known to be revoked."""
        known = self._api_keys.known(digest)
        return Session(session_id, Visitor(known.tenant, known.scopes, digest[:8]), known.check)
