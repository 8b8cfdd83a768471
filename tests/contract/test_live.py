"""The live run: what it needs, how it empties its instance, and that it is left out otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

import pytest
import tablestore as ots

from infra.tables import apply_tables
from shared.rows import CONSENT, RECORDS
from tests.contract.live import (
    PARTS,
    LeftOut,
    LiveMisconfigured,
    is_asked_for,
    make_empty,
    read_queues,
    read_sms,
    read_sts,
    read_tablestore,
)
from tests.localcloud.tablestore.tablestore_server import RunningTablestore

GOOD = {
    "LIVE": "1",
    "LIVE_TABLESTORE_ENDPOINT": "https://sesame-live.cn-hangzhou.ots.aliyuncs.com",
    "LIVE_TABLESTORE_INSTANCE": "sesame-live",
    "LIVE_SMQ_ENDPOINT": "https://1000000000000001.mns.cn-hangzhou.aliyuncs.com",
    "LIVE_SMS_ENDPOINT": "dysmsapi.aliyuncs.com",
    "LIVE_SMS_PHONE": "+8613800138000",
    "LIVE_SMS_SIGN": "sign",
    "LIVE_SMS_TEMPLATE": "SMS_1",
    "LIVE_ROLE_ARN": "acs:ram::1000000000000001:role/live",
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "id",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "not-a-secret",
}


def asked_parts(environment: Mapping[str, str]) -> list[object]:
    """The parts that an environment asks for. Raises LiveMisconfigured."""
    asked: list[object] = []
    for read in PARTS:
        with suppress(LeftOut):
            asked.append(read(environment))
    return asked


def test_live_run_was_asked_for() -> None:
    if not is_asked_for(os.environ):
        pytest.skip("LEFT OUT: the contracts against the real cloud; see tests/contract/live.py")
    try:
        count = len(asked_parts(os.environ))
    except LiveMisconfigured as problem:
        # Without a traceback: pytest would show the environment in it.
        pytest.fail(str(problem), pytrace=False)
    assert count, "LIVE=1, but no part's variables are set; see tests/contract/live.py"


def test_live_parts_are_read_from_the_environment() -> None:
    environment = {**GOOD, "ALIBABA_CLOUD_SECURITY_TOKEN": "token"}

    place = read_tablestore(environment)

    assert (place.instance, place.key.security_token) == ("sesame-live", "token")
    assert read_sts(environment).endpoint == "sts.cn-hangzhou.aliyuncs.com"
    assert len(asked_parts(environment)) == len(PARTS)


def test_live_parts_are_asked_for_one_by_one() -> None:
    keys = {name: GOOD[name] for name in GOOD if name.startswith("ALIBABA_CLOUD")}

    assert asked_parts(keys) == []
    assert len(asked_parts({**keys, "LIVE_SMQ_ENDPOINT": GOOD["LIVE_SMQ_ENDPOINT"]})) == 1
    with pytest.raises(LeftOut, match="LIVE_ROLE_ARN"):
        read_sts(keys)


def test_live_place_names_all_that_is_missing() -> None:
    with pytest.raises(LiveMisconfigured) as caught:
        read_tablestore({"LIVE_TABLESTORE_INSTANCE": "sesame"})

    for name in ("LIVE_TABLESTORE_ENDPOINT", "ALIBABA_CLOUD_ACCESS_KEY_ID"):
        assert f"{name} is not set" in str(caught.value)
    assert "must end in -live" in str(caught.value)


def test_live_queues_are_reached_by_tls_alone() -> None:
    with pytest.raises(LiveMisconfigured, match="https"):
        read_queues({**GOOD, "LIVE_SMQ_ENDPOINT": "http://queues"})


def test_nothing_is_sent_unless_all_that_it_takes_is_named() -> None:
    free = {name: text for name, text in GOOD.items() if not name.startswith("LIVE_SMS_")}
    free["LIVE_SMS_ENDPOINT"] = GOOD["LIVE_SMS_ENDPOINT"]

    assert read_sms(free).sending is None
    with pytest.raises(LiveMisconfigured, match="LIVE_SMS_TEMPLATE"):
        read_sms({**GOOD, "LIVE_SMS_TEMPLATE": ""})
    with pytest.raises(LiveMisconfigured, match="^LIVE_SMS_PHONE is no phone number$"):
        read_sms({**GOOD, "LIVE_SMS_PHONE": "13800"})


def test_no_part_prints_a_secret_or_a_number() -> None:
    environment = {**GOOD, "ALIBABA_CLOUD_SECURITY_TOKEN": "token-of-nobody"}

    sending = read_sms(environment).sending
    shown = repr([*asked_parts(environment), sending])

    for hidden in ("not-a-secret", "token-of-nobody", "13800138000"):
        assert hidden not in shown


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
