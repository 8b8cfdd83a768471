"""The temporary bucket: where a deployment puts its zip, and from where a function takes it.

Objects are files, named by a hash of their key; the newest twenty are kept.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import ACCOUNT_ID

KEPT_COUNT = 20
TOKEN_DURATION_S = 3600
_ROLE = f"acs:ram::{ACCOUNT_ID}:role/fc-temporary-bucket"
"""Whose session the token is (inferred: the vendor names none)."""


class Uploads:
    """The objects of one cloud's temporary bucket."""

    def __init__(self, cloud: Cloud, folder: Path, region: str) -> None:
        self._cloud = cloud
        self._folder = folder
        self._region = region
        self.bucket = f"fc-temporary-{region}"

    def token(self) -> dict[str, object]:
        """What `tempBucketToken` answers: credentials for one upload, and where it is to go."""
        session = self._cloud.identities.issue_session(
            role=_ROLE, session_name="upload", duration_s=TOKEN_DURATION_S
        )
        return {
            "credentials": {
                "AccessKeyId": session.access_key_id,
                "AccessKeySecret": session.access_key_secret,
                "SecurityToken": session.token,
            },
            "ossRegion": f"oss-{self._region}",
            "ossBucket": self.bucket,
            "objectName": secrets.token_hex(16),
        }

    def is_upload_role(self, role: str) -> bool:
        """True for the role of the token's session, which may write to this bucket alone."""
        return role == _ROLE

    def put(self, key: str, content: bytes) -> None:
        """Keep an object, in place of the one that had its key."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file(key).write_bytes(content)
        files = sorted(self._folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        for stale in files[:-KEPT_COUNT]:
            stale.unlink()

    def get(self, key: str) -> bytes | None:
        """The object's content; None if there is none."""
        try:
            return self._file(key).read_bytes()
        except FileNotFoundError:
            return None

    def _file(self, key: str) -> Path:
        return self._folder / hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
