"""What CreateIndex refuses, and the table that an index is read as.

Limits and most texts are those of the vendor's page "Secondary index limits", its error list and
its Java SDK's SecondaryIndexTest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.errors import invalid
from infra.localcloud.tablestore.limits import MAX_DEFINED_COLUMNS, check_table_name

MAX_INDEXES: Final = 5
MAX_INDEX_COLUMNS: Final = 4
_KEY_TYPE_OF_DEFINED = {
    ots_pb2.DCT_INTEGER: ots_pb2.INTEGER,
    ots_pb2.DCT_STRING: ots_pb2.STRING,
    ots_pb2.DCT_BLOB: ots_pb2.BINARY,
}


def check_index_count(count: int) -> None:
    """Raises OtsError for more indexes than a table can have."""
    if count > MAX_INDEXES:
        raise invalid(f"Number of index per table exceeds the quota:{MAX_INDEXES}.")


def check_can_be_indexed(options: ots_pb2.TableOptions) -> None:
    """Raises OtsError for a table whose versions or expiry an index could not follow.

    Inferred: the texts for indexes on tables with versions or expiry; the rule is of the vendor's
    page "Create a secondary index".
    """
    if options.max_versions != 1:
        raise invalid("MaxVersions must be 1 for a table with secondary indexes.")
    if options.time_to_live != -1 and options.allow_update:
        raise invalid(
            "TimeToLive must be -1, or updates must be prohibited, "
            "for a table with secondary indexes."
        )


def check_index(index: ots_pb2.IndexMeta, meta: ots_pb2.TableMeta) -> None:
    """Raises OtsError for an index that a table of this schema cannot have."""
    check_table_name(index.name)
    if not 1 <= len(index.primary_key) <= MAX_INDEX_COLUMNS:
        raise invalid(
            f"The number of primary key columns must be in range: [1, {MAX_INDEX_COLUMNS}] "
            "in index."
        )
    if len(index.defined_column) > MAX_DEFINED_COLUMNS:
        raise invalid(
            f"The number of attribute columns must be in range: [0, {MAX_DEFINED_COLUMNS}] "
            "in index."
        )
    _check_duplicates(index.primary_key, "primary key")
    _check_duplicates([*index.primary_key, *index.defined_column], "attribute column")
    key_columns = {column.name: column for column in meta.primary_key}
    defined = {column.name: column.type for column in meta.defined_column}
    for name in index.primary_key:
        if name not in key_columns and name not in defined:
            raise invalid(f"Column does not exist:'{name}'.")
        if name in defined and defined[name] not in _KEY_TYPE_OF_DEFINED:
            raise invalid("Invalid column type, only STRING,INTEGER,BINARY is allowed.")
    for name in index.defined_column:
        if name not in defined:
            raise invalid(f"Column does not exist:'{name}'.")
    first = key_columns.get(index.primary_key[0])
    if first is not None and first.HasField("option"):
        raise invalid("PkAutoIncr cannot be set as first pk column.")
    if first is not None and first.type == ots_pb2.PK_BOOLEAN:
        # Inferred: an index cannot begin with a BOOLEAN column either.
        raise invalid("BOOLEAN is an invalid type for the primary key.")
    _check_kind(index, meta)


def _check_duplicates(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise invalid(f"Duplicated {what} name: '{name}'.")
        seen.add(name)


def _check_kind(index: ots_pb2.IndexMeta, meta: ots_pb2.TableMeta) -> None:
    # Inferred: the text for a local index of another partition key; the rule is documented.
    is_local = index.index_type == ots_pb2.IT_LOCAL_INDEX
    if is_local and index.primary_key[0] != meta.primary_key[0].name:
        raise invalid("The first primary key column of a local index must be that of its table.")


def description_of(
    index: ots_pb2.IndexMeta, base: ots_pb2.DescribeTableResponse
) -> ots_pb2.DescribeTableResponse:
    """The index as a table: its columns, then the rest of its table's key."""
    types = {column.name: column.type for column in base.table_meta.primary_key}
    for column in base.table_meta.defined_column:
        if column.type in _KEY_TYPE_OF_DEFINED:
            types[column.name] = _KEY_TYPE_OF_DEFINED[column.type]
    rest = [
        column.name
        for column in base.table_meta.primary_key
        if column.name not in index.primary_key
    ]
    description = ots_pb2.DescribeTableResponse()
    description.CopyFrom(base)
    del description.index_metas[:]
    del description.shard_splits[:]
    meta = ots_pb2.TableMeta(
        table_name=index.name,
        primary_key=[
            ots_pb2.PrimaryKeySchema(name=name, type=types[name])
            for name in (*index.primary_key, *rest)
        ],
        defined_column=[
            column
            for column in base.table_meta.defined_column
            if column.name in index.defined_column
        ],
    )
    description.table_meta.CopyFrom(meta)
    return description
