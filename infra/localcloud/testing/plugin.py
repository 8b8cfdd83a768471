"""The pytest fixture `localcloud`: a cloud that one test session shares and each test has empty.

Installed as a distribution, pytest finds it by itself. In a checkout, a conftest.py says
`pytest_plugins = ["infra.localcloud.testing.plugin"]`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.localcloud.testing.cloud import LocalCloud
from infra.localcloud.testing.mock import mock_aliyun


@pytest.fixture(scope="session")
def localcloud_process() -> Iterator[LocalCloud]:
    """The cloud of the session. Ask for `localcloud`."""
    with mock_aliyun(sets_environment=False) as cloud:
        yield cloud


@pytest.fixture
def localcloud(localcloud_process: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> LocalCloud:
    """All services but Function Compute, empty and on the host's time, with the environment
    pointing at them.
    """
    localcloud_process.reset()
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in localcloud_process.environment.items():
        monkeypatch.setenv(name, value)
    return localcloud_process
