"""The connections that the vendor's SDKs keep for the life of a process."""

from __future__ import annotations

from darabonba.core import DaraCore


def close_kept_sessions() -> None:
    """Close and forget them, so that none outlives the cloud that it leads to."""
    for session in DaraCore._sessions.values():
        session.close()
    DaraCore._sessions.clear()
