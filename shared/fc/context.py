"""The invocation's context, whose shape differs between Python 3.10 and 3.12 on the platform.

3.10 has `context.credentials`; 3.12 dropped it and has the environment alone. The difference ends
here.
"""

from __future__ import annotations

from shared.aliyun.credentials import RoleCredentials


def credentials_of(context: object) -> RoleCredentials | None:
    """The role's credentials that came with this invocation; None: look into the environment."""
    held = getattr(context, "credentials", None)
    if held is None or not getattr(held, "access_key_id", None):
        return None
    return RoleCredentials(
        access_key_id=held.access_key_id,
        access_key_secret=held.access_key_secret or "",
        security_token=held.security_token or "",
    )


def request_id_of(context: object) -> str:
    """The platform's id for this invocation."""
    return str(getattr(context, "request_id", "") or "")
