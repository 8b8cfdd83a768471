"""What the contracts run against: row stores, in memory and on the wire, and the SMS provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.aliyun.credentials import bind_credentials
from shared.rows import RowStore
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.row_stores import credentials_of, rows_on
from tests.localcloud.dysmsapi.running import RunningDysmsapi
from tests.localcloud.tablestore.tablestore_server import RunningTablestore

CODECS = {"tablestore-python-codec": False, "tablestore-default-codec": True}


@pytest.fixture(params=["memory", *CODECS])
def rows(request: pytest.FixtureRequest) -> RowStore:
    if request.param == "memory":
        return MemoryRows()
    server: RunningTablestore = request.getfixturevalue("tablestore")
    return rows_on(server, native=CODECS[request.param])


@pytest.fixture
def provider(no_proxies: None) -> Iterator[RunningDysmsapi]:
    running = RunningDysmsapi()
    bind_credentials(credentials_of(running.cloud.identities.root))
    yield running
    bind_credentials(None)
    running.stop()
