"""Every row store under one contract: in memory, and Tablestore by the official SDK on the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.localcloud.cloud import Cloud
from infra.localcloud.identities import Identity
from infra.tables import TABLES, apply_tables
from shared.aliyun.credentials import RoleCredentials, bind_credentials
from shared.aliyun.tablestore import TablestoreRows
from shared.rows import RowStore
from tests.fakes.memory_rows import MemoryRows
from tests.localcloud.tablestore.tablestore_server import RunningTablestore

CODECS = {"tablestore-python-codec": False, "tablestore-default-codec": True}


def credentials_of(identity: Identity) -> RoleCredentials:
    return RoleCredentials(identity.access_key_id, identity.access_key_secret, identity.token)


def rows_on(server: RunningTablestore, *, native: bool = False) -> TablestoreRows:
    """The product's store on a server of the local cloud, without waiting between tries."""
    return TablestoreRows(
        endpoint=server.endpoint,
        instance="local",
        table=TABLES[0].name,
        sleep=lambda _: None,
        native=native,
    )


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


@pytest.fixture(params=["memory", *CODECS])
def rows(request: pytest.FixtureRequest) -> RowStore:
    if request.param == "memory":
        return MemoryRows()
    server: RunningTablestore = request.getfixturevalue("tablestore")
    return rows_on(server, native=CODECS[request.param])
