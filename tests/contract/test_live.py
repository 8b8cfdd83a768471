"""The live run: what it needs, how it empties its instance, and that it is left out otherwise."""

from __future__ import annotations

import os

import pytest
import tablestore as ots

from infra.tables import apply_tables
from shared.rows import CONSENT, RECORDS
from tests.contract.live import LiveMisconfigured, is_asked_for, make_empty, read_place
from tests.localcloud.tablestore.tablestore_server import RunningTablestore

GOOD = {
    "LIVE": "1",
    "LIVE_TABLESTORE_ENDPOINT": "https://sesame-live.cn-hangzhou.ots.aliyuncs.com",
    "LIVE_TABLESTORE_INSTANCE": "sesame-live",
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "id",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "not-a-secret",
}


def test_live_run_was_asked_for() -> None:
    if not is_asked_for(os.environ):
        pytest.skip("LEFT OUT: the contracts against the real cloud; see tests/contract/live.py")
    read_place(os.environ)


def test_live_place_is_read_from_the_environment() -> None:
    place = read_place({**GOOD, "ALIBABA_CLOUD_SECURITY_TOKEN": "token"})

    assert (place.instance, place.security_token) == ("sesame-live", "token")


def test_live_place_names_all_that_is_missing() -> None:
    with pytest.raises(LiveMisconfigured) as caught:
        read_place({"LIVE_TABLESTORE_INSTANCE": "sesame"})

    for name in GOOD.keys() - {"LIVE", "LIVE_TABLESTORE_INSTANCE"}:
        assert f"{name} is not set" in str(caught.value)
    assert "must end in -live" in str(caught.value)


def test_instance_is_emptied_whatever_is_in_it(tablestore: RunningTablestore) -> None:
    client = tablestore.client()
    for table, count in ((RECORDS, 250), (CONSENT, 1)):
        for number in range(count):
            row = ots.Row([("subject", f"s{number}"), ("item", "i")], [("value", 1)])
            client.put_row(table, row, ots.Condition("IGNORE"))

    make_empty(client)

    assert apply_tables(client) == []
    for table in (RECORDS, CONSENT):
        low, high = ([("subject", bound), ("item", bound)] for bound in (ots.INF_MIN, ots.INF_MAX))
        assert client.get_range(table, "FORWARD", low, high)[2] == []
