"""What Tablestore does on either cloud where no page says it, on the product's own tables.

All of it is inferred: a test that fails on the real cloud names what the local one has wrong.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import tablestore as ots

from shared.rows import STATE
from tests.contract.live import LiveTablestore
from tests.contract.places import TablePlace, table_error
from tests.localcloud.tablestore.tablestore_server import combine, where

KEY = [("subject", "contract"), ("item", "one")]
INVALID = "OTSParameterInvalid"


@pytest.fixture
def client(tables: TablePlace) -> Iterator[Any]:  # the SDK is untyped
    """The SDK's client; the one row that the tests write is not there, before and after."""
    opened, anyway = tables.instance.client(), ots.Condition("IGNORE")
    opened.delete_row(STATE, ots.Row(KEY), anyway)
    yield opened
    opened.delete_row(STATE, ots.Row(KEY), anyway)


def put(client: Any, **columns: object) -> None:  # the SDK is untyped
    client.put_row(STATE, ots.Row(KEY, list(columns.items())), ots.Condition("IGNORE"))


def guarded(client: Any, test: Any) -> str:  # the SDK's untyped conditions
    """The code of an update under a condition."""
    row = ots.Row(KEY, {"PUT": [("seen", 1)]})
    return table_error(lambda: client.update_row(STATE, row, ots.Condition("IGNORE", test)))[0]


@pytest.mark.parametrize("comparator", ["EQUAL", "NOT_EQUAL", "LESS_THAN"])
def test_values_of_different_types_never_match(client: Any, comparator: str) -> None:
    put(client, n=5)

    assert guarded(client, where("n", comparator, "6")) == "OTSConditionCheckFail"
    assert guarded(client, where("n", comparator, 6.5)) == "OTSConditionCheckFail"


def test_a_condition_may_have_three_parts(client: Any) -> None:
    put(client, a=1, b=2, c=3)
    holds = [where(name, "EQUAL", value) for name, value in (("a", 1), ("b", 2), ("c", 3))]

    assert guarded(client, combine("AND", *holds)) == "OK"
    assert guarded(client, combine("AND", *holds[:2], where("c", "EQUAL", 4))) == (
        "OTSConditionCheckFail"
    )


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("text", "Column 'n' cannot be incremented: it is not an INTEGER."),
        (2**63 - 1, "Column 'n' cannot be incremented: INTEGER overflow."),
    ],
    ids=["text", "overflow"],
)
def test_what_cannot_be_incremented_is_refused(client: Any, stored: object, text: str) -> None:
    put(client, n=stored)
    row = ots.Row(KEY, {"INCREMENT": [("n", 1)]})

    code, said = table_error(lambda: client.update_row(STATE, row, ots.Condition("IGNORE")))

    assert code == INVALID
    assert said == text


def test_each_of_a_batchs_repeated_increments_fails(client: Any) -> None:
    items = [
        ots.UpdateRowItem(ots.Row(KEY, {"INCREMENT": [("n", 1)]}), ots.Condition("IGNORE"))
        for _ in range(2)
    ]
    request = ots.BatchWriteRowRequest()
    request.add(ots.TableInBatchWriteRowItem(STATE, items))

    _, failed = client.batch_write_row(request).get_update()

    assert [each.error_code for each in failed] == [INVALID] * 2
    assert {each.error_message for each in failed} == {
        "Repeated rows do not support increment in BatchModify."
    }


def test_cells_are_kept_for_a_day_at_least(client: Any) -> None:
    name = f"contract_{secrets.token_hex(4)}"
    meta = ots.TableMeta(name, [("pk", "STRING")])
    options = ots.TableOptions(time_to_live=86_399, max_version=1)
    throughput = ots.ReservedThroughput(ots.CapacityUnit(0, 0))

    code, said = table_error(lambda: client.create_table(meta, options, throughput))
    if code == "OK":
        client.delete_table(name)

    assert code == INVALID
    assert said == "TimeToLive cannot be less than 86400."


def test_a_wrong_token_is_refused(tables: TablePlace) -> None:
    place = tables.instance
    key = place.key
    client = LiveTablestore(
        place.endpoint,
        place.instance,
        type(key)(key.access_key_id, key.access_key_secret, "no-token"),
    ).client()

    assert table_error(client.list_table)[0] == "OTSAuthFailed"
