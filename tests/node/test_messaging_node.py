"""The official Node SDKs of SMS and SMQ, unmodified, as clients of the local cloud.

They sign other headers than the Python SDKs do, and read other fields of the answers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from infra.localcloud.testing import mock_aliyun
from tests.node.sdks import MESSAGING, answer_of


@pytest.fixture(scope="module")
def place() -> Iterator[dict[str, str]]:
    """Where the services are, and the keys."""
    reason = MESSAGING.missing()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(f"LEFT OUT: {reason}")
    with mock_aliyun(["dysmsapi", "smq"], sets_environment=False) as cloud:
        keys = {
            "access_key_id": cloud.access_key_id,
            "access_key_secret": cloud.access_key_secret,
        }
        yield {**keys, **cloud.endpoints}


@pytest.fixture(scope="module")
def sms(place: dict[str, str]) -> dict[str, Any]:
    return answer_of(MESSAGING, "sms.js", place)


@pytest.fixture(scope="module")
def queues(place: dict[str, str]) -> dict[str, Any]:
    return answer_of(MESSAGING, "queues.js", place)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("send", {"status": 200, "code": "OK", "biz_id": "string"}),
        ("limit", "isv.BUSINESS_LIMIT_CONTROL"),
        ("not_a_text", "isv.INVALID_JSON_PARAM"),
        ("batch", "OK"),
        ("template", "0"),
        ("sign", [["mobile", 3], ["unicom", 3], ["telecom", 3]]),
        ("wrong_secret", {"status": 400, "code": "SignatureDoesNotMatch"}),
        ("unknown_key", {"status": 404, "code": "InvalidAccessKeyId.NotFound"}),
    ],
)
def test_node_sdk_of_sms_gets_what_it_should(
    sms: dict[str, Any], case: str, expected: object
) -> None:
    assert sms[case] == expected


def test_node_sdk_of_sms_reads_back_what_it_sent(sms: dict[str, Any]) -> None:
    assert (sms["details"]["count"], sms["details"]["out_id"]) == (1, "o 1*~")
    assert "123456" in sms["details"]["content"]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("create", 201),
        ("sent", 201),
        ("received", {"body": "你好 & <1>", "count": "1"}),
        ("hidden", "MNSMessageNotExistError"),
        ("changed", 200),
        ("old_handle", "MNSReceiptHandleErrorError"),
        ("batch_sent", 3),
        ("batch_received", ["a", "b", "c"]),
        ("batch_deleted", 204),
        ("listed", ["jobs"]),
        ("nobody", "MNSQueueNotExistError"),
        ("wrong_secret", "MNSSignatureDoesNotMatchError"),
        ("topic", 201),
        ("published", 201),
        ("deleted", 204),
    ],
)
def test_node_sdk_of_smq_gets_what_it_should(
    queues: dict[str, Any], case: str, expected: object
) -> None:
    assert queues[case] == expected
