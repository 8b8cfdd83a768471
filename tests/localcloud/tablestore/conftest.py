"""One cloud and one running Tablestore for each test; clients over both of the SDK's codecs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tablestore_server import RunningTablestore, sdk

from infra.localcloud.core.cloud import Cloud


@pytest.fixture
def cloud() -> Cloud:
    """A cloud that keeps nothing."""
    return Cloud()


@pytest.fixture
def server(cloud: Cloud) -> Iterator[RunningTablestore]:
    """A running Tablestore without tables."""
    running = RunningTablestore(cloud)
    yield running
    running.stop()


@pytest.fixture(params=[True, False], ids=["native", "python"])
def client(server: RunningTablestore, request: pytest.FixtureRequest) -> sdk.OTSClient:
    """The SDK with the codec that it picks by itself (native where it loads), and without it."""
    return server.client(enable_native=request.param, native_fallback=False)
