"""Fixtures for every folder: a Tablestore with the product's tables, and a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from infra.localcloud.core.cloud import Cloud
from infra.tables import apply_tables
from shared.aliyun.credentials import bind_credentials
from tests.browser import start_chromium
from tests.localcloud.tablestore.tablestore_server import RunningTablestore


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDKs go to loopback directly, whatever proxy the machine names."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def tablestore(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningTablestore]:
    """A Tablestore server with the product's tables; its key is in the environment."""
    cloud = Cloud()
    server = RunningTablestore(cloud)
    apply_tables(server.client())
    cloud.meter.clear()
    root = cloud.identities.root
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", root.access_key_id)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", root.access_key_secret)
    yield server
    bind_credentials(None)
    server.stop()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One browser for all tests; each opens a site of its own, which is another origin."""
    driver = start_chromium(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()
