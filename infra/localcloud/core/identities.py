"""Who may call: access keys, and the STS sessions that roles are given. Shared by every service of
one cloud.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.localcloud.core.clock import CloudClock

ACCOUNT_ID = "1000000000000001"
"""The one account of the local cloud."""


@dataclass(frozen=True, slots=True)
class Identity:
    """An access key that can sign. `token` and `expires_at` (UTC epoch s) are set for an STS
    session.

    `function` names the function whose role session this is, so that the meter can tell who called,
    and `request_id` the invocation.
    `policy` is the session's own limit on what its role may do; "" for none.
    """

    access_key_id: str
    access_key_secret: str
    token: str = ""
    expires_at: float | None = None
    role: str = ""
    session_name: str = ""
    function: str = ""
    policy: str = ""
    request_id: str = ""


class Identities:
    """The key registry of one cloud: one root key, kept over a restart, and sessions, which are
    not.
    """

    def __init__(self, clock: CloudClock, file: Path | None = None) -> None:
        self._clock = clock
        self._sessions: dict[str, Identity] = {}
        if file is not None and file.exists():
            self.root = Identity(**json.loads(file.read_text()))
        else:
            # A long secret: the `s` tool masks every occurrence of the secret's text in its output.
            self.root = Identity("LTAI" + secrets.token_hex(10), secrets.token_hex(15))
            if file is not None:
                file.touch(mode=0o600)
                file.write_text(json.dumps(asdict(self.root)))

    def issue_session(
        self,
        *,
        role: str,
        session_name: str,
        duration_s: float,
        function: str = "",
        policy: str = "",
        request_id: str = "",
    ) -> Identity:
        """A fresh STS triple for `role` that expires `duration_s` from now by the cloud's clock."""
        self._drop_expired()
        session = Identity(
            access_key_id="STS." + secrets.token_hex(10),
            access_key_secret=secrets.token_hex(15),
            token="CAIS" + secrets.token_urlsafe(48),
            expires_at=self._clock.now_s() + duration_s,
            role=role,
            session_name=session_name,
            function=function,
            policy=policy,
            request_id=request_id,
        )
        self._sessions[session.access_key_id] = session
        return session

    def find(self, access_key_id: str) -> Identity | None:
        """The identity behind an access key id, expired or not; None if it was never issued."""
        if access_key_id == self.root.access_key_id:
            return self.root
        return self._sessions.get(access_key_id)

    def is_expired(self, identity: Identity) -> bool:
        """True once a session's time is over by the cloud's clock; a root key never expires."""
        return identity.expires_at is not None and identity.expires_at <= self._clock.now_s()

    def clear_sessions(self) -> None:
        """Forget every session, as if all had been revoked."""
        self._sessions.clear()

    def _drop_expired(self) -> None:
        # An hour of grace, so that a late caller still hears "expired" and not "unknown".
        limit_s = self._clock.now_s() - 3600
        if len(self._sessions) > 5000:
            self._sessions = {
                key: session
                for key, session in self._sessions.items()
                if session.expires_at is None or session.expires_at > limit_s
            }
