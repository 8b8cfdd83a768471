"""Conditions of writes: row existence, one column, several columns, a missing column."""

from __future__ import annotations

from typing import Any

import pytest
from tablestore_server import (
    RunningTablestore,
    combine,
    create_table,
    every,
    provided,
    put,
    read,
    sdk,
    where,
)

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.plainbuffer import encode_row, encode_variant

KEY = [("pk", "a")]
REFUSAL = (403, "OTSConditionCheckFail")


@pytest.fixture
def table(client: sdk.OTSClient) -> sdk.OTSClient:
    """A client, and a table with the row `a`: n=5, s="m", t=True, d=1.5."""
    create_table(client, max_version=3)
    put(client, "a", n=5, s="m", t=True, d=1.5)
    return client


def passes(client: sdk.OTSClient, condition: Any, existence: str = "IGNORE", pk: str = "a") -> bool:
    """Whether an update under this condition is carried out."""
    row = sdk.Row([("pk", pk)], {"PUT": [("touched", 1)]})
    try:
        client.update_row("t", row, provided(condition, existence))
    except sdk.OTSServiceError as error:
        if (error.get_http_status(), error.get_error_code()) != REFUSAL:
            raise
    return "touched" in (read(client, pk) or {})


@pytest.mark.parametrize(
    ("existence", "pk", "expected"),
    [
        ("EXPECT_EXIST", "a", True),
        ("EXPECT_EXIST", "b", False),
        ("EXPECT_NOT_EXIST", "a", False),
        ("EXPECT_NOT_EXIST", "b", True),
        ("IGNORE", "b", True),
    ],
)
def test_existence_is_checked(
    table: sdk.OTSClient, existence: str, pk: str, expected: bool
) -> None:
    assert passes(table, None, existence, pk) is expected


@pytest.mark.parametrize(
    ("comparator", "values"),
    [
        ("EQUAL", [False, True, False]),
        ("NOT_EQUAL", [True, False, True]),
        ("GREATER_THAN", [True, False, False]),
        ("GREATER_EQUAL", [True, True, False]),
        ("LESS_THAN", [False, False, True]),
        ("LESS_EQUAL", [False, True, True]),
    ],
)
def test_comparators_compare_five_with_four_five_and_six(
    table: sdk.OTSClient, comparator: str, values: list[bool]
) -> None:
    for value, expected in zip((4, 5, 6), values, strict=True):
        put(table, "a", n=5)
        assert passes(table, where("n", comparator, value)) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (where("s", "LESS_THAN", "n"), True),
        (where("s", "GREATER_THAN", "mm"), False),
        (where("t", "EQUAL", True), True),
        (where("d", "GREATER_THAN", 1.4), True),
        (where("pk", "EQUAL", "a", pass_if_missing=False), True),
        (where("pk", "EQUAL", "b"), False),
    ],
)
def test_columns_of_every_type_and_key_columns_compare(
    table: sdk.OTSClient, condition: Any, expected: bool
) -> None:
    assert passes(table, condition) is expected


@pytest.mark.parametrize("comparator", ["EQUAL", "NOT_EQUAL", "LESS_THAN", "GREATER_THAN"])
def test_values_of_different_types_never_match(table: sdk.OTSClient, comparator: str) -> None:
    assert not passes(table, where("n", comparator, "5"))
    assert not passes(table, where("t", comparator, 1))
    assert not passes(table, where("n", comparator, 5.0))


@pytest.mark.parametrize("pk", ["a", "b"])
def test_missing_column_passes_as_the_condition_says(table: sdk.OTSClient, pk: str) -> None:
    assert not passes(table, where("absent", "EQUAL", 1, pass_if_missing=False), pk=pk)
    assert passes(table, where("absent", "EQUAL", 1, pass_if_missing=True), pk=pk)


def test_missing_column_passes_by_default(table: sdk.OTSClient) -> None:
    assert passes(table, where("absent", "EQUAL", 1))


TRUE, FALSE = where("n", "EQUAL", 5), where("n", "EQUAL", 6)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (combine("AND", TRUE, TRUE), True),
        (combine("AND", TRUE, FALSE), False),
        (combine("OR", FALSE, TRUE), True),
        (combine("OR", FALSE, FALSE), False),
        (combine("NOT", TRUE), False),
        (combine("NOT", FALSE), True),
        (combine("AND", TRUE, TRUE, TRUE), True),
        (combine("AND", TRUE, TRUE, FALSE), False),
        (combine("AND", combine("OR", FALSE, TRUE), combine("NOT", FALSE)), True),
    ],
)
def test_composites_combine(table: sdk.OTSClient, condition: Any, expected: bool) -> None:
    assert passes(table, condition) is expected


def test_condition_needs_existence_and_columns_both(table: sdk.OTSClient) -> None:
    assert not passes(table, FALSE, "EXPECT_EXIST")
    assert not passes(table, TRUE, "EXPECT_NOT_EXIST")
    assert passes(table, TRUE, "EXPECT_EXIST")


def test_condition_may_look_at_every_version(table: sdk.OTSClient) -> None:
    """The latest is 6; an older version is 5."""
    now = int(table.get_row("t", KEY, max_version=1)[1].attribute_columns[0][2])
    table.update_row("t", sdk.Row(KEY, {"PUT": [("n", 6, now + 1000)]}), None)
    assert not passes(table, where("n", "EQUAL", 5, latest_version_only=True))
    assert passes(table, where("n", "EQUAL", 5, latest_version_only=False))


def test_versions_beyond_the_table_s_maximum_are_gone(client: sdk.OTSClient) -> None:
    create_table(client, max_version=1)
    put(client, "a", n=5)
    now = int(client.get_row("t", KEY, max_version=1)[1].attribute_columns[0][2])
    client.update_row("t", sdk.Row(KEY, {"PUT": [("n", 6, now + 1000)]}), None)
    client.update_table("t", sdk.TableOptions(max_version=5))
    assert not passes(client, where("n", "EQUAL", 5, latest_version_only=False))


def test_regex_condition_compares_what_it_extracts(client: sdk.OTSClient) -> None:
    create_table(client)
    put(client, "a", s="t1=7;t2=9")
    rule = sdk.RegexRule("t1=([0-9]+);", sdk.CastType.VT_INTEGER)

    def extracted(comparator: int, value: int) -> sdk.SingleColumnRegexCondition:
        return sdk.SingleColumnRegexCondition("s", comparator, value, rule)

    assert not passes(client, extracted(sdk.ComparatorType.GREATER_THAN, 7))
    assert passes(client, extracted(sdk.ComparatorType.EQUAL, 7))


def test_put_and_delete_take_conditions_as_well(table: sdk.OTSClient) -> None:
    with pytest.raises(sdk.OTSServiceError, match="Condition check failed"):
        table.put_row("t", sdk.Row(KEY, [("x", 1)]), provided(FALSE))
    with pytest.raises(sdk.OTSServiceError, match="Condition check failed"):
        table.delete_row("t", sdk.Row(KEY), provided(FALSE))
    assert read(table, "a") == {"n": 5, "s": "m", "t": True, "d": 1.5}
    table.delete_row("t", sdk.Row(KEY), provided(TRUE))
    assert read(table, "a") is None


def test_eleventh_condition_is_refused(table: sdk.OTSClient) -> None:
    assert passes(table, every(*[TRUE] * 10))
    with pytest.raises(sdk.OTSServiceError, match="The count of filter exceeds the max:10."):
        passes(table, every(*[TRUE] * 11))


def single(**changes: Any) -> ots_pb2.Filter:
    """A filter on `n`, in its wire form."""
    fields = {
        "comparator": ots_pb2.CT_EQUAL,
        "column_name": "n",
        "column_value": encode_variant(5),
        "filter_if_missing": True,
        "latest_version_only": True,
        **changes,
    }
    message = ots_pb2.SingleColumnValueFilter(**fields)
    return ots_pb2.Filter(type=ots_pb2.FT_SINGLE_COLUMN_VALUE, filter=message.SerializeToString())


def composite(combinator: int, *parts: ots_pb2.Filter) -> ots_pb2.Filter:
    """A composite filter in its wire form."""
    message = ots_pb2.CompositeColumnValueFilter(combinator=combinator, sub_filters=parts)
    return ots_pb2.Filter(
        type=ots_pb2.FT_COMPOSITE_COLUMN_VALUE, filter=message.SerializeToString()
    )


def get_filtered(server: RunningTablestore, data: bytes) -> Any:
    """GetRow of `a` under a serialized filter."""
    request = ots_pb2.GetRowRequest(
        table_name="t", primary_key=encode_row(KEY), max_versions=1, filter=data
    )
    return server.post("GetRow", request.SerializeToString())


def nested(depth: int) -> ots_pb2.Filter:
    """NOT of NOT of NOT ..."""
    message = single()
    for _ in range(depth):
        message = composite(ots_pb2.LO_NOT, message)
    return message


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xff", "Deserialize filter failed."),
        (
            ots_pb2.Filter(type=ots_pb2.FT_SINGLE_COLUMN_VALUE, filter=b"\xff").SerializeToString(),
            "Deserialize relation filter failed.",
        ),
        (
            ots_pb2.Filter(
                type=ots_pb2.FT_COMPOSITE_COLUMN_VALUE, filter=b"\xff"
            ).SerializeToString(),
            "Deserialize composite filter failed.",
        ),
        (
            composite(ots_pb2.LO_NOT, single(), single()).SerializeToString(),
            "Invalid NOT operator: the number of sub-filters must be 1.",
        ),
        (
            composite(ots_pb2.LO_AND, single()).SerializeToString(),
            "Invalid AND/OR operator: the number of sub-filters must be 2.",
        ),
        (single(column_name="#n").SerializeToString(), "Invalid column name: '#n'."),
        (
            single(column_value=b"\x05").SerializeToString(),
            "data format is invalid, unknown variant type occured.",
        ),
        (nested(2000).SerializeToString(), "The count of filter exceeds the max:10."),
    ],
)
def test_malformed_filter_is_refused(server: RunningTablestore, data: bytes, text: str) -> None:
    create_table(server.client())
    answer = get_filtered(server, data)
    assert answer.status == 400
    assert answer.error == ("OTSParameterInvalid", text)


def test_exist_comparators_ask_for_the_column_alone(server: RunningTablestore) -> None:
    create_table(server.client())
    put(server.client(), "a", n=1)
    for comparator, name, is_found in [
        (ots_pb2.CT_EXIST, "n", True),
        (ots_pb2.CT_EXIST, "m", False),
        (ots_pb2.CT_NOT_EXIST, "n", False),
        (ots_pb2.CT_NOT_EXIST, "m", True),
    ]:
        data = single(comparator=comparator, column_name=name).SerializeToString()
        answer = ots_pb2.GetRowResponse.FromString(get_filtered(server, data).body)
        assert bool(answer.row) is is_found


def test_pagination_filter_gives_a_window_of_columns(server: RunningTablestore) -> None:
    create_table(server.client())
    put(server.client(), "a", c1=1, c2=2, c3=3)
    window = ots_pb2.ColumnPaginationFilter(offset=1, limit=1)
    message = ots_pb2.Filter(type=ots_pb2.FT_COLUMN_PAGINATION, filter=window.SerializeToString())
    answer = get_filtered(server, message.SerializeToString())
    row = ots_pb2.GetRowResponse.FromString(answer.body).row
    assert b"c2" in row
    assert b"c1" not in row
    assert b"c3" not in row
