"""`mock_aliyun` and the fixture, as somebody else's tests would use them."""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
from pathlib import Path

import pytest
from alibabacloud_dysmsapi20170525.client import Client as SmsClient
from alibabacloud_tea_openapi.utils_models import Config

from infra.localcloud.testing import CallRefused, LocalCloud, mock_aliyun
from tests.localcloud.testing.clients import (
    PHONE,
    has_row,
    make_queue,
    make_table,
    make_template,
    message_bodies,
    put_message,
    put_row,
    rows,
    send,
    template_status,
)


def test_mock_gives_the_sdks_a_cloud() -> None:
    with mock_aliyun() as cloud:
        make_table(cloud)
        put_row(cloud, "a")
        make_queue(cloud)
        put_message(cloud, "hello")

        assert send(cloud) == "OK"
        assert has_row(cloud, "a")
        assert message_bodies(cloud) == ["hello"]
        assert [message["params"] for message in cloud.messages(PHONE)] == [{"code": "123456"}]


def test_mock_sets_the_environment_and_puts_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    monkeypatch.delenv("ALIBABA_CLOUD_DYSMSAPI_ENDPOINT", raising=False)

    with mock_aliyun("dysmsapi") as cloud:
        assert os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"] == cloud.access_key_id
        assert os.environ["ALIBABA_CLOUD_DYSMSAPI_ENDPOINT"] == cloud.endpoint("dysmsapi")
        assert "HTTPS_PROXY" not in os.environ

    assert os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"] == "mine"
    assert os.environ["HTTPS_PROXY"] == "http://proxy.invalid:3128"
    assert "ALIBABA_CLOUD_DYSMSAPI_ENDPOINT" not in os.environ


def test_mock_points_a_client_that_reads_the_environment() -> None:
    with mock_aliyun("dysmsapi") as cloud:
        client = SmsClient(
            Config(
                access_key_id=os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
                access_key_secret=os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
                endpoint=os.environ["ALIBABA_CLOUD_DYSMSAPI_ENDPOINT"],
            )
        )
        assert client.query_sms_sign_list is not None
        assert send(cloud) == "OK"


def test_clouds_side_by_side_do_not_meet() -> None:
    with mock_aliyun(sets_environment=False) as one, mock_aliyun(sets_environment=False) as two:
        make_table(one)
        send(one)
        one.advance(3600)
        one.fail("dysmsapi", "SendSms", "error:isp.SYSTEM_ERROR")

        assert one.access_key_id != two.access_key_id
        assert set(one.endpoints.values()).isdisjoint(two.endpoints.values())
        assert rows(two).list_table() == ()
        assert two.messages() == []
        assert two.ask("GET", "/clock")["offset_s"] == 0
        assert send(two) == "OK"
        assert send(one) == "isp.SYSTEM_ERROR"


def test_decorator_hands_the_cloud_to_who_asks_for_it() -> None:
    @mock_aliyun("dysmsapi")
    def asks(first: int, localcloud: LocalCloud) -> tuple[int, str]:
        return first, send(localcloud)

    @mock_aliyun("dysmsapi")
    def does_not() -> bool:
        return "ALIBABA_CLOUD_DYSMSAPI_ENDPOINT" in os.environ

    assert asks(1) == (1, "OK")
    assert asks(2) == (2, "OK"), "each call has a cloud of its own, with limits of its own"
    assert does_not()
    assert list(inspect.signature(asks).parameters) == ["first"]


def test_decorator_takes_a_coroutine_function() -> None:
    @mock_aliyun("sts")
    async def asks(localcloud: LocalCloud) -> list[str]:
        await asyncio.sleep(0)
        return sorted(localcloud.endpoints)

    assert asyncio.run(asks()) == ["sts"]


def test_mock_leaves_no_thread_and_no_folder_behind() -> None:
    before = {thread.name for thread in threading.enumerate()}
    with mock_aliyun("sts"):
        assert "localcloud" in {thread.name for thread in threading.enumerate()}

    assert {thread.name for thread in threading.enumerate()} == before


def test_mock_ends_the_cloud_when_the_block_raises() -> None:
    with pytest.raises(KeyError), mock_aliyun("sts") as cloud:
        raise KeyError("mine")

    with pytest.raises(OSError, match="refused"):
        cloud.meter()


def test_mock_keeps_its_data_where_it_is_told(tmp_path: Path) -> None:
    with mock_aliyun("tablestore", data=tmp_path) as cloud:
        make_table(cloud)
        put_row(cloud, "a")

    with mock_aliyun("tablestore", data=tmp_path) as cloud:
        assert has_row(cloud, "a")


@pytest.mark.parametrize("services", ["s3", ["dysmsapi", "ec2"], []])
def test_mock_refuses_a_service_that_it_has_not(services: object) -> None:
    with pytest.raises(ValueError, match="must be some of"):
        mock_aliyun(services)  # type: ignore[arg-type]


def test_cloud_says_why_a_call_is_refused() -> None:
    with mock_aliyun("sts") as cloud:
        with pytest.raises(CallRefused, match="operation"):
            cloud.fail("sts", "NoSuchThing", "hang")
        with pytest.raises(CallRefused, match="no snapshot"):
            cloud.restore("never-taken")
        with pytest.raises(CallRefused, match="no SMS service"):
            cloud.approve_sign("x")


def test_cloud_moves_reviews() -> None:
    with mock_aliyun("dysmsapi") as cloud:
        code = make_template(cloud)
        assert template_status(cloud, code) == "0"

        cloud.approve_template(code)

        assert template_status(cloud, code) == "1"


@pytest.mark.parametrize("round_", [1, 2])
def test_fixture_is_empty_for_each_test(localcloud: LocalCloud, round_: int) -> None:
    assert localcloud.messages() == []
    assert os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"] == localcloud.access_key_id
    assert send(localcloud) == "OK"
