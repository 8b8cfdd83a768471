"""Tables: creating, listing, describing, changing and deleting them through the SDK."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore_server import RunningTablestore, create_table, put, read, sdk

from infra.localcloud.tablestore import ots_pb2


def refused(call: object, *arguments: object) -> tuple[int, str, str]:
    """Status, code and text of the error that a call must end in."""
    with pytest.raises(sdk.OTSServiceError) as caught:
        call(*arguments)  # type: ignore[operator]
    error = caught.value
    return error.get_http_status(), error.get_error_code(), error.get_error_message()


def test_table_is_described_as_created(client: sdk.OTSClient) -> None:
    schema = [("a", "STRING"), ("b", "INTEGER"), ("c", "BINARY")]
    create_table(client, "t", schema, time_to_live=86_400, max_version=3, max_time_deviation=60)
    described = client.describe_table("t")
    assert described.table_meta.schema_of_primary_key == schema
    options = described.table_options
    assert (options.time_to_live, options.max_version, options.max_time_deviation) == (
        86_400,
        3,
        60,
    )
    assert options.allow_update is True


def test_table_tells_its_status_and_creation_time(server: RunningTablestore) -> None:
    """Node and Go need both; the Python SDK's schema lacks them."""
    create_table(server.client())
    body = ots_pb2.DescribeTableRequest(table_name="t").SerializeToString()
    answer = server.post("DescribeTable", body)
    described = ots_pb2.DescribeTableResponse.FromString(answer.body)
    assert described.table_status == ots_pb2.TS_ACTIVE
    assert abs(described.creation_time / 1_000_000 - server.cloud.clock.now_s()) < 30


def test_tables_are_listed_by_name(client: sdk.OTSClient) -> None:
    for name in ("b", "a", "_c"):
        create_table(client, name)
    assert client.list_table() == ("_c", "a", "b")


def test_table_created_twice_is_refused(client: sdk.OTSClient) -> None:
    create_table(client)
    assert refused(create_table, client) == (
        409,
        "OTSObjectAlreadyExist",
        "Requested table already exists.",
    )


def test_deleted_table_takes_its_rows_along(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", n=1)
    client.delete_table("t")
    create_table(client)
    assert read(client, "a") is None


@pytest.mark.parametrize("operation", ["describe_table", "delete_table"])
def test_missing_table_is_not_found(client: sdk.OTSClient, operation: str) -> None:
    assert refused(getattr(client, operation), "t") == (
        404,
        "OTSObjectNotExist",
        "Requested table does not exist.",
    )


def test_update_table_changes_the_given_options_alone(client: sdk.OTSClient) -> None:
    create_table(client, time_to_live=100_000, max_version=2)
    answer = client.update_table(
        "t", sdk.TableOptions(time_to_live=-1, max_version=None, max_time_deviation=None)
    )
    options = client.describe_table("t").table_options
    assert (options.time_to_live, options.max_version) == (-1, 2)
    assert answer.table_options.max_version == 2


def test_update_table_changes_the_reserved_throughput(client: sdk.OTSClient) -> None:
    create_table(client)
    client.update_table("t", None, sdk.ReservedThroughput(sdk.CapacityUnit(3, 4)))
    unit = client.describe_table("t").reserved_throughput_details.capacity_unit
    assert (unit.read, unit.write) == (3, 4)


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (
            [(f"k{i}", "STRING") for i in range(5)],
            "The number of primary key columns must be in range: [1, 4].",
        ),
        ([("k", "STRING"), ("k", "INTEGER")], "Duplicated primary key name: 'k'."),
        (
            [("k", "INTEGER", "PK_AUTO_INCR")],
            "First primary key can't be auto increment, table: 't'.",
        ),
        (
            [("p", "STRING"), ("k", "STRING", "PK_AUTO_INCR")],
            "AUTO_INCREMENT primary key must be integer.",
        ),
    ],
)
def test_bad_schema_is_refused(
    client: sdk.OTSClient, schema: list[tuple[str, ...]], text: str
) -> None:
    schema = [
        tuple(sdk.PK_AUTO_INCR if part == "PK_AUTO_INCR" else part for part in column)
        for column in schema
    ]
    assert refused(create_table, client, "t", schema) == (400, "OTSParameterInvalid", text)
    assert client.list_table() == ()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"time_to_live": 0}, "TimeToLive cannot be 0 or less than -1."),
        ({"time_to_live": -2}, "TimeToLive cannot be 0 or less than -1."),
        ({"time_to_live": 86_399}, "TimeToLive cannot be less than 86400."),
        ({"max_version": 0}, "The maximum versions cannot be less than or equal to 0."),
        (
            {"max_time_deviation": -1},
            "The maximum deviation must be in range [0, INT64_MAX/1000000].",
        ),
        ({"time_to_live": None}, "Time-to-live is missing while creating table."),
        ({"max_version": None}, "MaxVersions is missing while creating table."),
    ],
)
def test_bad_table_options_are_refused(
    client: sdk.OTSClient, options: dict[str, int | None], text: str
) -> None:
    with pytest.raises(sdk.OTSServiceError) as caught:
        create_table(client, **options)
    assert caught.value.get_error_message() == text


@pytest.mark.parametrize("name", ["0", "#", "中文", "T#", "3t", "-", "a" * 256, "t\n"])
def test_bad_table_name_is_refused(client: sdk.OTSClient, name: str) -> None:
    assert refused(create_table, client, name) == (
        400,
        "OTSParameterInvalid",
        f"Invalid table name: '{name}'.",
    )


def create_raw(server: RunningTablestore, **fields: Any) -> tuple[int, tuple[str, str]]:
    """Status and error of a CreateTable that no Python SDK would send."""
    meta = ots_pb2.TableMeta(
        table_name="t",
        primary_key=[
            ots_pb2.PrimaryKeySchema(name="pk", type=fields.pop("key_type", ots_pb2.STRING))
        ],
        defined_column=fields.pop("defined", []),
    )
    request = ots_pb2.CreateTableRequest(
        table_meta=meta,
        reserved_throughput=ots_pb2.ReservedThroughput(
            capacity_unit=ots_pb2.CapacityUnit(read=fields.pop("read", 0), write=0)
        ),
        table_options=ots_pb2.TableOptions(time_to_live=-1, max_versions=1),
        **fields,
    )
    answer = server.post("CreateTable", request.SerializeToString())
    return answer.status, answer.error


def test_thirty_third_defined_column_is_refused(server: RunningTablestore) -> None:
    defined = [
        ots_pb2.DefinedColumnSchema(name=f"d{i}", type=ots_pb2.DCT_STRING) for i in range(33)
    ]
    text = "The number of defined columns must be in range: [0, 32]."
    assert create_raw(server, defined=defined) == (400, ("OTSParameterInvalid", text))


def test_boolean_partition_key_is_refused(server: RunningTablestore) -> None:
    text = "BOOLEAN is an invalid type for the primary key."
    refusal = create_raw(server, key_type=ots_pb2.PK_BOOLEAN)
    assert refusal == (400, ("OTSParameterInvalid", text))


def test_boolean_key_column_sorts_false_before_true(server: RunningTablestore) -> None:
    """The SDK reads such a key with its Python codec alone."""
    client = server.client(enable_native=False)
    schema = [("pk", "STRING"), ("seen", "BOOLEAN")]
    create_table(client, "t", schema)
    assert client.describe_table("t").table_meta.schema_of_primary_key == schema
    for seen in (True, False):
        client.put_row("t", sdk.Row([("pk", "a"), ("seen", seen)], [("x", seen)]), None)

    def scanned(*ends: Any) -> list[bool]:
        bounds = [[("pk", "a"), ("seen", end)] for end in ends]
        _, _, rows, _ = client.get_range("t", "FORWARD", *bounds, max_version=1)
        return [row.primary_key[1][1] for row in rows]

    assert scanned(sdk.INF_MIN, sdk.INF_MAX) == [False, True]
    assert scanned(False, True) == [False]
    assert scanned(True, sdk.INF_MAX) == [True]
    key = [("pk", "a"), ("seen", 1)]
    assert refused(lambda: client.get_row("t", key, max_version=1)) == (
        400,
        "OTSInvalidPK",
        "Validate PK type fail. Input: VT_INTEGER, Meta: VT_BOOLEAN.",
    )


def test_negative_capacity_is_refused(server: RunningTablestore) -> None:
    text = "The value of read capacity unit can not be less than 0."
    assert create_raw(server, read=-1) == (400, ("OTSParameterInvalid", text))


def test_update_table_needs_something_to_change(server: RunningTablestore) -> None:
    create_table(server.client())
    for options in (None, ots_pb2.TableOptions()):
        request = ots_pb2.UpdateTableRequest(table_name="t", table_options=options)
        answer = server.post("UpdateTable", request.SerializeToString())
        text = "No parameter is specified in table options."
        assert answer.error == ("OTSParameterInvalid", text)


def test_sixty_fifth_table_is_refused(server: RunningTablestore) -> None:
    client = server.client()
    for number in range(64):
        create_table(client, f"t{number}")
    assert refused(create_table, client, "t64") == (
        403,
        "OTSQuotaExhausted",
        "Number of tables exceeded the quota.",
    )


def test_search_indexes_are_listed_as_none(client: sdk.OTSClient) -> None:
    create_table(client)
    assert list(client.list_search_index("t")) == []


@pytest.mark.parametrize(
    "operation",
    ["CreateSearchIndex", "SQLQuery", "Search", "BulkImport", "BulkExport", "NoSuchThing"],
)
def test_unsupported_operation_is_a_clean_refusal(
    server: RunningTablestore, operation: str
) -> None:
    answer = server.post(operation)
    assert answer.status == 400
    assert answer.error == ("OTSUnsupportOperation", f"Unsupported operation: '{operation}'.")


def test_reset_leaves_no_table(server: RunningTablestore) -> None:
    client = server.client()
    create_table(client)
    put(client, "a", n=1)
    server.service.reset()
    assert client.list_table() == ()
    create_table(client)
    assert read(client, "a") is None


def test_reset_forgets_when_rows_were_written(server: RunningTablestore) -> None:
    """Versions never go back, unless all that bore them is gone."""
    client, clock = server.client(), server.cloud.clock
    clock.advance(7200)
    create_table(client)
    put(client, "a", n=1)
    clock.advance(-7200)
    server.service.reset()
    create_table(client)
    put(client, "a", n=1)
    _, row, _ = client.get_row("t", [("pk", "a")], max_version=1)
    assert abs(row.attribute_columns[0][2] - clock.now_ms()) < 60_000


def test_indexes_count_among_an_instance_s_tables(server: RunningTablestore) -> None:
    client = server.client()
    options = (sdk.TableOptions(), sdk.ReservedThroughput(sdk.CapacityUnit(0, 0)))
    for number in range(62):
        create_table(client, f"t{number}")
    meta = sdk.TableMeta("last", [("pk", "STRING")], [("c", "STRING"), ("d", "STRING")])
    indexes = [sdk.SecondaryIndexMeta(name, [name], []) for name in ("c", "d")]
    with pytest.raises(sdk.OTSServiceError) as caught:
        client.create_table(meta, *options, indexes)
    assert caught.value.get_error_message() == "Number of tables exceeded the quota."
    client.create_table(meta, *options, indexes[:1])
    with pytest.raises(sdk.OTSServiceError) as caught:
        client.create_secondary_index("last", indexes[1], include_base_data=False)
    assert caught.value.get_error_code() == "OTSQuotaExhausted"


def test_table_operations_are_limited_where_the_switch_is_on(server: RunningTablestore) -> None:
    server.service.behaviour.table_operations_per_s = 10
    client = server.client()
    create_table(client)
    for _ in range(9):
        client.list_table()
    with pytest.raises(sdk.OTSServiceError) as caught:
        client.describe_table("t")
    assert caught.value.get_error_code() == "OTSQuotaExhausted"
    assert caught.value.get_error_message() == "Too frequent table operations."
    client.get_row("t", [("pk", "a")], max_version=1)
    server.cloud.clock.advance(1)
    client.describe_table("t")
