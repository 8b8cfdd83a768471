"""Defined columns that come and go after their table was made: AddDefinedColumn and
DeleteDefinedColumn. Values in rows are not touched: a defined column is for indexes alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.errors import invalid
from infra.localcloud.tablestore.schemas import check_defined_columns


def add_columns(
    description: ots_pb2.DescribeTableResponse, columns: Sequence[ots_pb2.DefinedColumnSchema]
) -> None:
    """Add them to the table. Raises OtsError.

    Inferred: the text for a column that is defined already.
    """
    meta = description.table_meta
    for added in columns:
        if any(column.name == added.name for column in meta.defined_column):
            raise invalid(f"Duplicated defined column name: '{added.name}'.")
        meta.defined_column.append(added)
    check_defined_columns(meta)


def delete_columns(description: ots_pb2.DescribeTableResponse, names: Sequence[str]) -> None:
    """Take them from the table. Raises OtsError.

    Inferred: the texts for a column that is not defined, or that an index has.
    """
    meta = description.table_meta
    kept = {column.name: column for column in meta.defined_column}
    for name in names:
        if kept.pop(name, None) is None:
            raise invalid(f"Column does not exist:'{name}'.")
        for index in description.index_metas:
            if name in index.primary_key or name in index.defined_column:
                raise invalid(f"Column '{name}' is used by index: '{index.name}'.")
    del meta.defined_column[:]
    meta.defined_column.extend(kept.values())
