"""What the contracts run against: row stores, in memory and on the wire, and the SMS provider.

With `LIVE=1` the row stores are on the real cloud as well; see live.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from shared.aliyun.credentials import RoleCredentials, bind_credentials
from shared.aliyun.tablestore import TablestoreRows
from shared.rows import RowStore
from tests.contract.live import LiveTablestore, is_asked_for, make_empty, read_place
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.row_stores import credentials_of, rows_on
from tests.localcloud.dysmsapi.running import RunningDysmsapi
from tests.localcloud.tablestore.tablestore_server import RunningTablestore

CODECS = {"tablestore-python-codec": False, "tablestore-default-codec": True}
LIVE = {f"live-{codec}": native for codec, native in CODECS.items()}
LIVE_IF_ASKED = LIVE if is_asked_for(os.environ) else {}


@pytest.fixture(params=["memory", *CODECS, *LIVE_IF_ASKED])
def rows(request: pytest.FixtureRequest) -> RowStore:
    if request.param == "memory":
        return MemoryRows()
    if request.param in LIVE:
        live: LiveTablestore = request.getfixturevalue("live_tablestore")
        native = LIVE[request.param]
        return TablestoreRows(endpoint=live.endpoint, instance=live.instance, native=native)
    server: RunningTablestore = request.getfixturevalue("tablestore")
    return rows_on(server, native=CODECS[request.param])


@pytest.fixture
def live_tablestore() -> Iterator[LiveTablestore]:
    """The real instance, empty."""
    live = read_place(os.environ)
    make_empty(live.client())
    bind_credentials(
        RoleCredentials(live.access_key_id, live.access_key_secret, live.security_token)
    )
    yield live
    bind_credentials(None)


@pytest.fixture
def provider(no_proxies: None) -> Iterator[RunningDysmsapi]:
    running = RunningDysmsapi()
    bind_credentials(credentials_of(running.cloud.identities.root))
    yield running
    bind_credentials(None)
    running.stop()
