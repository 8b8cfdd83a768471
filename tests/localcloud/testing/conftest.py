"""What the entry for other people's tests is tried with: the fixture itself."""

from __future__ import annotations

from infra.localcloud.testing.plugin import localcloud, localcloud_process

__all__ = ["localcloud", "localcloud_process"]
