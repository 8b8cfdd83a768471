"""The local cloud for anyone's tests: `mock_aliyun`, and the pytest fixture in `plugin`."""

from __future__ import annotations

from infra.localcloud.testing.cloud import CallRefused, LocalCloud
from infra.localcloud.testing.mock import DEFAULT_SERVICES, mock_aliyun

__all__ = ["DEFAULT_SERVICES", "CallRefused", "LocalCloud", "mock_aliyun"]
