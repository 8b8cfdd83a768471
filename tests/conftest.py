"""Fixtures for every folder: a Tablestore with the product's tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.localcloud.cloud import Cloud
from infra.tables import apply_tables
from shared.aliyun.credentials import bind_credentials
from tests.localcloud.tablestore.tablestore_server import RunningTablestore


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
