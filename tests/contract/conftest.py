"""Every row store under one contract: in memory, and Tablestore by the official SDK on the wire."""

from __future__ import annotations

import pytest

from shared.rows import RowStore
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.row_stores import rows_on
from tests.localcloud.tablestore.tablestore_server import RunningTablestore

CODECS = {"tablestore-python-codec": False, "tablestore-default-codec": True}


@pytest.fixture(params=["memory", *CODECS])
def rows(request: pytest.FixtureRequest) -> RowStore:
    if request.param == "memory":
        return MemoryRows()
    server: RunningTablestore = request.getfixturevalue("tablestore")
    return rows_on(server, native=CODECS[request.param])
