"""Batches: many rows in one round trip, each with an outcome of its own."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore_server import (
    RunningTablestore,
    create_table,
    every,
    provided,
    put,
    read,
    sdk,
    where,
)

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.plainbuffer import encode_row


def update_item(pk: str, condition: Any = None, **changes: Any) -> sdk.UpdateRowItem:
    """An update of the row `pk`."""
    return sdk.UpdateRowItem(sdk.Row([("pk", pk)], changes), provided(condition))


def put_item(pk: str, condition: Any = None, **values: Any) -> sdk.PutRowItem:
    """A put of the row `pk`."""
    return sdk.PutRowItem(sdk.Row([("pk", pk)], list(values.items())), provided(condition))


def delete_item(pk: str, condition: Any = None) -> sdk.DeleteRowItem:
    """A delete of the row `pk`."""
    return sdk.DeleteRowItem(sdk.Row([("pk", pk)]), provided(condition))


def write(client: sdk.OTSClient, *items: Any, **by_table: list[Any]) -> sdk.BatchWriteRowResponse:
    """One BatchWriteRow: `items` on the table t, and more by table."""
    request = sdk.BatchWriteRowRequest()
    if items:
        request.add(sdk.TableInBatchWriteRowItem("t", list(items)))
    for name, rows in by_table.items():
        request.add(sdk.TableInBatchWriteRowItem(name, rows))
    return client.batch_write_row(request)


def outcomes(rows: list[Any]) -> list[tuple[int, str | None]]:
    """Each row's place in the request and its error code."""
    return [(row.index, row.error_code) for row in rows]


# ---- the product's pattern ----


def challenge_rows(*, code_hash: str, now: int) -> list[Any]:
    """One verification: the attempts counter and the challenge, each under its own conditions."""
    attempts = every(
        where("attempts", "LESS_THAN", 3, pass_if_missing=True),
        where("expires_at", "GREATER_THAN", now, pass_if_missing=False),
    )
    challenge = every(
        where("state", "EQUAL", "pending", pass_if_missing=False),
        where("expires_at", "GREATER_THAN", now, pass_if_missing=False),
        where("code_hash", "EQUAL", code_hash, pass_if_missing=False),
        where("locked", "EQUAL", False, pass_if_missing=True),
    )
    return [
        update_item("guesses", attempts, INCREMENT=[("attempts", 1)], PUT=[("last", now)]),
        update_item(
            "challenge",
            challenge,
            PUT=[("state", "used"), ("nonce", "n1")],
            DELETE_ALL=["code_hash"],
            INCREMENT=[("uses", 1)],
        ),
    ]


@pytest.fixture
def verification(client: sdk.OTSClient) -> sdk.OTSClient:
    """A client, and a pending challenge with its counter."""
    create_table(client)
    put(client, "guesses", expires_at=1000)
    put(client, "challenge", state="pending", expires_at=1000, code_hash="right")
    return client


def test_both_conditional_rows_succeed_with_the_right_code(verification: sdk.OTSClient) -> None:
    answer = write(verification, *challenge_rows(code_hash="right", now=999))
    assert outcomes(answer.get_succeed_of_update()) == [(0, None), (1, None)]
    assert answer.get_failed_of_update() == []
    assert read(verification, "guesses") == {"expires_at": 1000, "attempts": 1, "last": 999}
    assert read(verification, "challenge") == {
        "state": "used",
        "expires_at": 1000,
        "nonce": "n1",
        "uses": 1,
    }


def test_counter_counts_while_the_challenge_refuses_a_wrong_code(
    verification: sdk.OTSClient,
) -> None:
    answer = write(verification, *challenge_rows(code_hash="wrong", now=999))
    assert outcomes(answer.get_succeed_of_update()) == [(0, None)]
    assert outcomes(answer.get_failed_of_update()) == [(1, "OTSConditionCheckFail")]
    assert answer.get_failed_of_update()[0].error_message == "Condition check failed."
    assert read(verification, "challenge") == {
        "state": "pending",
        "expires_at": 1000,
        "code_hash": "right",
    }


def test_exhausted_counter_refuses_whatever_the_challenge_says(
    verification: sdk.OTSClient,
) -> None:
    for _ in range(3):
        write(verification, *challenge_rows(code_hash="wrong", now=999))
    answer = write(verification, *challenge_rows(code_hash="right", now=999))
    assert outcomes(answer.get_failed_of_update()) == [(0, "OTSConditionCheckFail")]
    assert (read(verification, "guesses") or {})["attempts"] == 3


@pytest.mark.parametrize("now", [1000, 1001])
def test_expired_challenge_refuses_both_rows(verification: sdk.OTSClient, now: int) -> None:
    answer = write(verification, *challenge_rows(code_hash="right", now=now))
    assert [index for index, _ in outcomes(answer.get_failed_of_update())] == [0, 1]


def test_rows_that_do_not_exist_pass_or_fail_by_what_missing_means(client: sdk.OTSClient) -> None:
    create_table(client)
    free = every(
        where("tat", "LESS_EQUAL", 5, pass_if_missing=True),
        where("n", "LESS_THAN", 5, pass_if_missing=True),
    )
    taken = every(
        where("tat", "LESS_EQUAL", 5, pass_if_missing=True),
        where("n", "LESS_THAN", 5, pass_if_missing=False),
    )
    answer = write(
        client,
        update_item("free", free, INCREMENT=[("n", 1)], PUT=[("tat", 9)]),
        update_item("taken", taken, INCREMENT=[("n", 1)], PUT=[("tat", 9)]),
    )
    assert outcomes(answer.get_succeed_of_update()) == [(0, None)]
    assert read(client, "free") == {"n": 1, "tat": 9}
    assert read(client, "taken") is None


def test_puts_updates_and_deletes_share_a_batch(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "gone", x=1)
    put(client, "kept", x=1)
    answer = write(
        client,
        put_item("new", x=1),
        put_item("kept", where("x", "EQUAL", 2), x=9),
        update_item("up", PUT=[("x", 2)]),
        delete_item("gone", where("x", "EQUAL", 1)),
        delete_item("absent", where("x", "EQUAL", 1, pass_if_missing=False)),
    )
    assert outcomes(answer.get_succeed_of_put()) == [(0, None)]
    assert outcomes(answer.get_failed_of_put()) == [(1, "OTSConditionCheckFail")]
    assert outcomes(answer.get_succeed_of_update()) == [(2, None)]
    assert outcomes(answer.get_succeed_of_delete()) == [(3, None)]
    assert outcomes(answer.get_failed_of_delete()) == [(4, "OTSConditionCheckFail")]
    found = [read(client, pk) for pk in ("new", "kept", "up", "gone")]
    assert found == [{"x": 1}, {"x": 1}, {"x": 2}, None]


def test_batch_writes_several_tables(client: sdk.OTSClient) -> None:
    create_table(client, "t")
    create_table(client, "u")
    answer = write(
        client, put_item("a", x=1), u=[put_item("a", x=2), update_item("b", PUT=[("x", 3)])]
    )
    assert answer.is_all_succeed()
    assert read(client, "a", "t") == {"x": 1}
    assert read(client, "a", "u") == {"x": 2}
    assert read(client, "b", "u") == {"x": 3}


def test_row_of_a_missing_table_fails_alone(client: sdk.OTSClient) -> None:
    create_table(client)
    answer = write(client, put_item("a", x=1), nowhere=[put_item("a", x=1)])
    assert outcomes(answer.get_failed_of_put()) == [(0, "OTSObjectNotExist")]
    assert read(client, "a") == {"x": 1}


def test_key_that_does_not_fit_fails_its_row_alone(client: sdk.OTSClient) -> None:
    create_table(client)
    wrong = sdk.PutRowItem(sdk.Row([("other", "a")], [("x", 1)]), None)
    answer = write(client, wrong, put_item("a", x=1))
    (failed,) = answer.get_failed_of_put()
    assert failed.error_code == "OTSInvalidPK"
    assert failed.error_message == "Validate PK name fail. Input: other, Meta: pk."
    assert read(client, "a") == {"x": 1}


def test_increment_that_cannot_be_fails_its_row_alone(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", n="text")
    answer = write(
        client, update_item("a", INCREMENT=[("n", 1)]), update_item("b", INCREMENT=[("n", 1)])
    )
    assert outcomes(answer.get_failed_of_update()) == [(0, "OTSParameterInvalid")]
    assert read(client, "b") == {"n": 1}


@pytest.mark.parametrize("name", ["#bad", "a" * 256])
def test_bad_column_name_fails_the_whole_batch(client: sdk.OTSClient, name: str) -> None:
    create_table(client)
    with pytest.raises(sdk.OTSServiceError, match="Invalid column name"):
        write(client, put_item("a", x=1), put_item("b", **{name: 1}))
    assert read(client, "a") is None


def test_batch_returns_keys_where_asked(client: sdk.OTSClient) -> None:
    create_table(client, "t", [("pk", "STRING"), ("no", "INTEGER", sdk.PK_AUTO_INCR)])
    key = [("pk", "a"), ("no", sdk.PK_AUTO_INCR)]
    item = sdk.PutRowItem(sdk.Row(key, [("x", 1)]), None, sdk.ReturnType.RT_PK)
    first, second = write(client, item, item).get_succeed_of_put()
    assert first.row.primary_key[0] == ("pk", "a")
    assert first.row.primary_key[1][1] < second.row.primary_key[1][1]


# ---- whole requests ----


def test_empty_batches_are_refused(client: sdk.OTSClient) -> None:
    create_table(client)
    with pytest.raises(sdk.OTSServiceError, match="No row is specified in BatchWriteRow."):
        client.batch_write_row(sdk.BatchWriteRowRequest())
    with pytest.raises(sdk.OTSServiceError, match="No operation is specified for table: 't'."):
        write(client, t=[])
    with pytest.raises(sdk.OTSServiceError, match="missing cells in request."):
        write(client, sdk.UpdateRowItem(sdk.Row([("pk", "a")], {"PUT": []}), None))
    with pytest.raises(sdk.OTSServiceError) as caught:
        client.batch_get_row(sdk.BatchGetRowRequest())
    assert caught.value.get_error_message() == "No row specified in the request of BatchGetRow."


def test_batches_have_a_limit_of_rows(server: RunningTablestore) -> None:
    client = server.client()
    create_table(client)
    assert write(client, *[put_item(str(i), x=1) for i in range(200)]).is_all_succeed()
    with pytest.raises(sdk.OTSServiceError, match="Rows count exceeds the upper limit: 200."):
        write(client, *[put_item(str(i), x=1) for i in range(201)])
    request = sdk.BatchGetRowRequest()
    keys = [[("pk", str(i))] for i in range(101)]
    request.add(sdk.TableInBatchGetRowItem("t", keys, max_version=1))
    with pytest.raises(sdk.OTSServiceError, match="Rows count exceeds the upper limit: 100."):
        client.batch_get_row(request)


def test_batch_write_has_a_limit_of_data(server: RunningTablestore) -> None:
    client = server.client()
    create_table(client)
    value = "x" * (2 * 1024 * 1024)
    with pytest.raises(sdk.OTSServiceError) as caught:
        write(client, put_item("a", v=value), put_item("b", v=value))
    assert caught.value.get_error_message() == (
        "The total data size of BatchWriteRow request exceeds the limit, "
        "limit size: 4194304, data size: 4194312."
    )


def test_same_table_twice_is_refused(server: RunningTablestore) -> None:
    create_table(server.client())
    table = ots_pb2.TableInBatchGetRowRequest(
        table_name="t", primary_key=[encode_row([("pk", "a")])], max_versions=1
    )
    body = ots_pb2.BatchGetRowRequest(tables=[table, table]).SerializeToString()
    answer = server.post("BatchGetRow", body)
    assert answer.error == ("OTSParameterInvalid", "Duplicated table name: 't'.")
