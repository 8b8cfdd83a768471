"""Local transactions: what they see, what they lock, how they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tablestore_server import RunningTablestore, columns, sdk

from infra.localcloud.tablestore import ots_pb2

LOCKED = ("OTSRowOperationConflict", 409, "Data is being modified by the other request.")
OVER = ("OTSSessionNotExist", 404, "Session not exist or may be timeout.")


@pytest.fixture
def table(client: sdk.OTSClient, server: RunningTablestore) -> sdk.OTSClient:
    """A client, and a table `t` with transactions."""
    create(server, "t")
    return client


def create(server: RunningTablestore, name: str, *, enabled: bool = True, numbered: bool = False):
    """A table as the Java SDK creates it: the Python SDK cannot ask for transactions."""
    second = ots_pb2.PrimaryKeySchema(name="i", type=ots_pb2.INTEGER)
    if numbered:
        second.option = ots_pb2.AUTO_INCREMENT
    request = ots_pb2.CreateTableRequest(
        table_meta=ots_pb2.TableMeta(
            table_name=name,
            primary_key=[ots_pb2.PrimaryKeySchema(name="p", type=ots_pb2.STRING), second],
        ),
        reserved_throughput=ots_pb2.ReservedThroughput(
            capacity_unit=ots_pb2.CapacityUnit(read=0, write=0)
        ),
        table_options=ots_pb2.TableOptions(time_to_live=-1, max_versions=1),
        enable_local_txn=enabled,
    )
    assert server.post("CreateTable", request.SerializeToString()).status == 200


def start(client: sdk.OTSClient, partition: str = "a", table: str = "t") -> str:
    return client.start_local_transaction(table, [("p", partition)])


def put(client: sdk.OTSClient, i: int, n: int, transaction: str | None = None, p: str = "a"):
    row = sdk.Row([("p", p), ("i", i)], [("n", n)])
    return client.put_row("t", row, None, transaction_id=transaction)


def read(client: sdk.OTSClient, i: int, transaction: str | None = None, p: str = "a") -> Any:
    _, row, _ = client.get_row("t", [("p", p), ("i", i)], max_version=1, transaction_id=transaction)
    return columns(row)


def scan(client: sdk.OTSClient, transaction: str | None = None, **options: Any) -> list[Any]:
    ends = [[("p", "a"), ("i", sdk.INF_MIN)], [("p", "a"), ("i", sdk.INF_MAX)]]
    direction = options.get("direction", "FORWARD")
    if direction == "BACKWARD":
        ends.reverse()
    _, _, rows, _ = client.get_range(
        "t", direction, *ends, max_version=1, transaction_id=transaction
    )
    return [(row.primary_key[1][1], row.attribute_columns[0][1]) for row in rows]


def refusal(call: Callable[[], object]) -> tuple[str, int, str]:
    with pytest.raises(sdk.OTSServiceError) as caught:
        call()
    error = caught.value
    return error.get_error_code(), error.get_http_status(), error.get_error_message()


def test_commit_makes_all_writes_seen_at_once(table: sdk.OTSClient) -> None:
    transaction = start(table)
    put(table, 1, 10, transaction)
    put(table, 2, 20, transaction)
    assert (read(table, 1), read(table, 2)) == (None, None)
    table.commit_transaction(transaction)
    assert (read(table, 1), read(table, 2)) == ({"n": 10}, {"n": 20})


def test_abort_leaves_nothing(table: sdk.OTSClient) -> None:
    put(table, 1, 1)
    transaction = start(table)
    put(table, 1, 10, transaction)
    put(table, 2, 20, transaction)
    table.abort_transaction(transaction)
    assert (read(table, 1), read(table, 2)) == ({"n": 1}, None)


def test_transaction_reads_its_own_writes(table: sdk.OTSClient) -> None:
    for i in (1, 2, 4):
        put(table, i, i)
    transaction = start(table)
    put(table, 3, 30, transaction)
    put(table, 1, 10, transaction)
    table.delete_row("t", [("p", "a"), ("i", 4)], None, transaction_id=transaction)
    assert read(table, 1, transaction) == {"n": 10}
    assert read(table, 4, transaction) is None
    assert scan(table, transaction) == [(1, 10), (2, 2), (3, 30)]
    assert scan(table, transaction, direction="BACKWARD") == [(3, 30), (2, 2), (1, 10)]
    assert scan(table) == [(1, 1), (2, 2), (4, 4)]


def test_condition_in_a_transaction_is_asked_of_its_own_writes(table: sdk.OTSClient) -> None:
    transaction = start(table)
    put(table, 1, 10, transaction)
    row = sdk.Row([("p", "a"), ("i", 1)], {"INCREMENT": [("n", 5)]})
    table.update_row("t", row, sdk.Condition("EXPECT_EXIST"), transaction_id=transaction)
    table.commit_transaction(transaction)
    assert read(table, 1) == {"n": 15}


def test_batch_is_part_of_its_transaction(table: sdk.OTSClient) -> None:
    transaction = start(table)
    request = sdk.BatchWriteRowRequest()
    items = [sdk.PutRowItem(sdk.Row([("p", p), ("i", 1)], [("n", 1)]), None) for p in ("a", "b")]
    request.add(sdk.TableInBatchWriteRowItem("t", items))
    request.set_transaction_id(transaction)
    succeeded, failed = table.batch_write_row(request).get_put()
    assert [row.index for row in succeeded] == [0]
    assert [row.error_code for row in failed] == ["OTSDataOutOfRange"]
    assert read(table, 1) is None
    table.commit_transaction(transaction)
    assert read(table, 1) == {"n": 1}


def test_locked_key_is_not_written_by_others(table: sdk.OTSClient) -> None:
    transaction = start(table)
    assert refusal(lambda: put(table, 7, 1)) == LOCKED
    assert refusal(lambda: start(table)) == LOCKED
    put(table, 7, 1, p="b")
    other = start(table, "b")
    table.abort_transaction(other)
    table.commit_transaction(transaction)
    put(table, 7, 1)


def test_locked_row_of_a_batch_fails_alone(table: sdk.OTSClient) -> None:
    start(table)
    request = sdk.BatchWriteRowRequest()
    items = [sdk.PutRowItem(sdk.Row([("p", p), ("i", 1)], [("n", 1)]), None) for p in ("a", "b")]
    request.add(sdk.TableInBatchWriteRowItem("t", items))
    succeeded, failed = table.batch_write_row(request).get_put()
    assert [row.index for row in succeeded] == [1]
    assert [row.error_code for row in failed] == ["OTSRowOperationConflict"]


def test_transaction_is_over_after_sixty_seconds_of_the_cloud(
    table: sdk.OTSClient, server: RunningTablestore
) -> None:
    transaction = start(table)
    put(table, 1, 10, transaction)
    server.cloud.clock.advance(60)
    assert refusal(lambda: put(table, 1, 11, transaction)) == OVER
    assert refusal(lambda: table.commit_transaction(transaction)) == OVER
    assert read(table, 1) is None
    put(table, 1, 12)


@pytest.mark.parametrize("end", ["commit_transaction", "abort_transaction"])
def test_ended_or_unknown_transaction_does_not_exist(table: sdk.OTSClient, end: str) -> None:
    transaction = start(table)
    getattr(table, end)(transaction)
    for call in (table.commit_transaction, table.abort_transaction):
        assert refusal(lambda call=call: call(transaction)) == OVER
    assert refusal(lambda: read(table, 1, transaction)) == OVER


@pytest.mark.parametrize("transaction", ["", "fake_transaction_id"])
def test_id_that_is_none_is_invalid(server: RunningTablestore, transaction: str) -> None:
    body = ots_pb2.EndTransactionRequest(transaction_id=transaction).SerializeToString()
    for operation in ("CommitTransaction", "AbortTransaction"):
        answer = server.post(operation, body)
        assert answer.error == ("OTSParameterInvalid", "TransactionID is invalid.")


def test_start_and_end_cost_a_write_each(table: sdk.OTSClient, server: RunningTablestore) -> None:
    table.commit_transaction(start(table))
    table.abort_transaction(start(table))
    rows: Any = server.cloud.meter.as_json()["operations"]
    costs = {row["operation"]: (row["read_cu"], row["write_cu"]) for row in rows}
    assert costs["StartLocalTransaction"] == (0, 2)
    assert costs["CommitTransaction"] == costs["AbortTransaction"] == (0, 1)


def test_start_takes_the_partition_key_alone(table: sdk.OTSClient) -> None:
    def start_with(*key: tuple[str, Any]) -> tuple[str, str]:
        code, _, text = refusal(lambda: table.start_local_transaction("t", list(key)))
        return code, text

    assert start_with(("p", "a"), ("i", 1)) == (
        "OTSParameterInvalid",
        "StartLocalTransaction support only one primary key.",
    )
    assert start_with(("i", 1)) == (
        "OTSInvalidPK",
        "Validate PK name fail. Input: i, Meta: p.",
    )
    assert start_with(("p", 1)) == (
        "OTSInvalidPK",
        "Validate PK type fail. Input: VT_INTEGER, Meta: VT_STRING.",
    )


def test_table_must_have_been_created_with_transactions(
    client: sdk.OTSClient, server: RunningTablestore
) -> None:
    create(server, "t", enabled=False)
    text = "Try to call method using explicit transaction on explicit-transaction-disabled table."
    assert refusal(lambda: start(client)) == ("OTSParameterInvalid", 400, text)
    server.service.behaviour.transactions_everywhere = True
    client.abort_transaction(start(client))


def test_numbered_keys_and_transactions_exclude_each_other(server: RunningTablestore) -> None:
    create(server, "t", numbered=True)
    assert refusal(lambda: start(server.client()))[0] == "OTSParameterInvalid"


def test_keys_outside_the_transaction_are_refused(
    table: sdk.OTSClient, server: RunningTablestore
) -> None:
    create(server, "other")
    transaction = start(table)
    text = "Data out of scope of transaction. Transaction PartKey:a. Data PartKey:b"
    assert refusal(lambda: read(table, 1, transaction, p="b")) == ("OTSDataOutOfRange", 400, text)
    for call in (
        lambda: put(table, 1, 1, transaction, p="b"),
        lambda: table.get_row(
            "other", [("p", "a"), ("i", 1)], max_version=1, transaction_id=transaction
        ),
        lambda: table.get_range(
            "t",
            "FORWARD",
            [("p", "a"), ("i", sdk.INF_MIN)],
            [("p", "b"), ("i", sdk.INF_MIN)],
            max_version=1,
            transaction_id=transaction,
        ),
    ):
        assert refusal(call)[0] == "OTSDataOutOfRange"


def test_writes_of_one_transaction_are_limited_to_four_megabytes(table: sdk.OTSClient) -> None:
    transaction = start(table)
    value = "x" * (1536 * 1024)

    def put_big(i: int) -> None:
        row = sdk.Row([("p", "a"), ("i", i)], [("v", value)])
        table.put_row("t", row, None, transaction_id=transaction)

    put_big(1)
    put_big(2)
    assert refusal(lambda: put_big(3))[0] == "OTSOutOfTransactionDataSizeLimit"


def test_table_that_is_deleted_ends_its_transactions(
    table: sdk.OTSClient, server: RunningTablestore
) -> None:
    transaction = start(table)
    table.delete_table("t")
    create(server, "t")
    assert refusal(lambda: table.commit_transaction(transaction)) == OVER
    put(table, 1, 1)
