"""The official Node SDK, unmodified, as a client of the local Tablestore.

It reads answers with other required fields than the Python SDK does, a table's status among them,
and it sends what the Python SDK cannot, such as the columns to return.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.tablestore.behaviour import Behaviour
from tests.localcloud.tablestore.tablestore_server import RunningTablestore
from tests.node.sdks import TABLESTORE, answer_of


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, Any]]:
    """What each case of the conversation came to."""
    reason = TABLESTORE.missing()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(f"LEFT OUT: {reason}")
    server = RunningTablestore(Cloud(), behaviour=Behaviour(transactions_everywhere=True))
    root = server.cloud.identities.root
    place = {
        "endpoint": server.endpoint,
        "access_key_id": root.access_key_id,
        "access_key_secret": root.access_key_secret,
    }
    try:
        yield answer_of(TABLESTORE, "conversation.js", place)
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("tables", {"listed": ["t"], "key": ["p", "s"], "max_versions": 1}),
        (
            "values",
            {"text": "验证码", "number": -5, "yes": True, "real": 1.5, "bytes": "bytes:00ff"},
        ),
        ("nothing", None),
        ("increment", {"returned": {"n": 42}, "read": {"n": 42}}),
        ("update", {"b": "y", "c": "z"}),
        ("delete", None),
        (
            "batch",
            {
                "ok": [True, True, False],
                "codes": [None, None, "OTSConditionCheckFail"],
                "read": [{"a": "x"}, {"a": "y"}, None],
            },
        ),
        ("range", {"pages": 3, "found": [0, 1, 2, 3, 4]}),
        (
            "wide_row",
            {
                "pages": [
                    ["col0", "col1", "col2", "col3"],
                    ["col4", "col5", "col6", "col7"],
                    ["col8", "col9"],
                ],
                "between": ["col3", "col4"],
            },
        ),
        ("numbered", True),
        ("index", {"row": {"n": 7}, "left": 0}),
    ],
)
def test_node_sdk_gets_what_it_should(told: dict[str, Any], case: str, expected: object) -> None:
    assert told[case] == expected


@pytest.mark.parametrize(
    ("case", "status", "text"),
    [
        ("condition", 403, "Condition check failed."),
        ("no_table", 404, "Requested table does not exist."),
        ("wrong_secret", 403, "Signature mismatch."),
    ],
)
def test_node_sdk_hears_the_service_s_error(
    told: dict[str, Any], case: str, status: int, text: str
) -> None:
    assert told[case]["status"] == status
    assert text in told[case]["message"]


def test_node_sdk_carries_out_transactions(told: dict[str, Any]) -> None:
    seen = told["transaction"]
    assert (seen["outside"], seen["inside"]) == (None, {"a": "x"})
    assert (seen["committed"], seen["aborted"]) == ({"a": "x"}, {"a": "x"})
    assert (seen["locked"]["status"], seen["over"]["status"]) == (409, 404)
