"""Column conditions and read filters: the same structures, parsed once and then asked about a row.

Inferred, as no vendor page says it: values of different types compare as no match, whatever the
comparator; and composites may have more than two parts (the Java SDK's own documentation calls AND
and OR n-ary, the page "Error codes" knows an error for other than two).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.errors import invalid
from infra.localcloud.tablestore.limits import MAX_FILTERS, check_column_name
from infra.localcloud.tablestore.messages import parse
from infra.localcloud.tablestore.plainbuffer import Bound, Key, Value, decode_variant
from infra.localcloud.tablestore.versions import Columns

Lookup = Callable[[str], Sequence[Value]]
"""Gives a column's values, newest first; none if it is missing."""

_COMPARATORS: dict[int, Callable[[Any, Any], bool]] = {  # Any: of one type, checked before
    ots_pb2.CT_EQUAL: operator.eq,
    ots_pb2.CT_NOT_EQUAL: operator.ne,
    ots_pb2.CT_GREATER_THAN: operator.gt,
    ots_pb2.CT_GREATER_EQUAL: operator.ge,
    ots_pb2.CT_LESS_THAN: operator.lt,
    ots_pb2.CT_LESS_EQUAL: operator.le,
}
_CASTS: dict[int, Callable[[str], Value]] = {
    ots_pb2.VT_INTEGER: int,
    ots_pb2.VT_DOUBLE: float,
    ots_pb2.VT_STRING: str,
}


@dataclass(frozen=True, slots=True)
class Extraction:
    """A regular expression whose first group stands for a string column's value."""

    pattern: re.Pattern[str]
    cast: Callable[[str], Value]

    def apply(self, value: Value) -> Value | None:
        """The extracted value; None where nothing could be extracted."""
        match = self.pattern.search(value) if isinstance(value, str) else None
        if match is None:
            return None
        try:
            return self.cast(match.group(1) if self.pattern.groups else match.group())
        except (ValueError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class ColumnTest:
    """One column against one value."""

    column: str
    comparator: int
    value: Value | None
    passes_if_missing: bool
    is_latest_only: bool
    extraction: Extraction | None

    def holds(self, lookup: Lookup) -> bool:
        """Whether the row passes."""
        values = lookup(self.column)
        if self.comparator == ots_pb2.CT_EXIST:
            return bool(values)
        if self.comparator == ots_pb2.CT_NOT_EXIST:
            return not values
        if not values:
            return self.passes_if_missing
        if self.is_latest_only:
            return self._matches(values[0])
        return any(self._matches(value) for value in values)

    def _matches(self, value: Value) -> bool:
        found = value if self.extraction is None else self.extraction.apply(value)
        if type(found) is not type(self.value):
            return False
        return _COMPARATORS[self.comparator](found, self.value)


@dataclass(frozen=True, slots=True)
class Composite:
    """NOT of one part, AND or OR of several."""

    combinator: int
    parts: tuple[Test, ...]

    def holds(self, lookup: Lookup) -> bool:
        """Whether the row passes."""
        if self.combinator == ots_pb2.LO_NOT:
            return not self.parts[0].holds(lookup)
        if self.combinator == ots_pb2.LO_AND:
            return all(part.holds(lookup) for part in self.parts)
        return any(part.holds(lookup) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Pagination:
    """A window of a wide row's columns, for reads alone."""

    offset: int
    limit: int


Test = ColumnTest | Composite


def lookup_in(key: Key, columns: Columns) -> Lookup:
    """A Lookup over a row: its attribute columns, and its key columns by the same right."""

    def lookup(name: str) -> Sequence[Value]:
        versions = columns.get(name)
        if versions is not None:
            return [versions[ms] for ms in sorted(versions, reverse=True)]
        return [value for column, value in key if column == name and not isinstance(value, Bound)]

    return lookup


def parse_condition(data: bytes) -> Test:
    """The column condition of a write. Raises OtsError."""
    parsed = parse_filter(data)
    if isinstance(parsed, Pagination):
        raise invalid("Invalid condition: ColumnPaginationFilter.")
    return parsed


def parse_filter(data: bytes) -> Test | Pagination:
    """The filter of a read. Raises OtsError."""
    message = parse(ots_pb2.Filter, data, "Deserialize filter failed.")
    if message.type == ots_pb2.FT_COLUMN_PAGINATION:
        return _pagination(message.filter)
    return _test(message, _Budget())


class _Budget:
    """How many filters may still come; it also bounds how deep they can nest."""

    def __init__(self) -> None:
        self.column_tests = 0
        self.nodes = 0

    def spend(self, filter_type: int) -> None:
        self.nodes += 1
        self.column_tests += filter_type == ots_pb2.FT_SINGLE_COLUMN_VALUE
        if self.column_tests > MAX_FILTERS or self.nodes > 4 * MAX_FILTERS:
            raise invalid(f"The count of filter exceeds the max:{MAX_FILTERS}.")


def _test(message: ots_pb2.Filter, budget: _Budget) -> Test:
    budget.spend(message.type)
    if message.type == ots_pb2.FT_SINGLE_COLUMN_VALUE:
        return _column_test(message.filter)
    if message.type == ots_pb2.FT_COMPOSITE_COLUMN_VALUE:
        return _composite(message.filter, budget)
    raise invalid(f"Invalid type of sub-filter: {message.type}.")


def _composite(data: bytes, budget: _Budget) -> Composite:
    message = parse(
        ots_pb2.CompositeColumnValueFilter, data, "Deserialize composite filter failed."
    )
    count = len(message.sub_filters)
    if message.combinator == ots_pb2.LO_NOT:
        if count != 1:
            raise invalid("Invalid NOT operator: the number of sub-filters must be 1.")
    elif count < 2:
        raise invalid("Invalid AND/OR operator: the number of sub-filters must be 2.")
    parts = tuple(_test(part, budget) for part in message.sub_filters)
    return Composite(message.combinator, parts)


def _column_test(data: bytes) -> ColumnTest:
    message = parse(ots_pb2.SingleColumnValueFilter, data, "Deserialize relation filter failed.")
    check_column_name(message.column_name)
    value: Value | None = None
    if message.comparator in _COMPARATORS:
        decoded = decode_variant(message.column_value)
        if isinstance(decoded, Bound):
            raise invalid("Deserialize relation filter failed.")
        value = decoded
    return ColumnTest(
        column=message.column_name,
        comparator=message.comparator,
        value=value,
        passes_if_missing=not message.filter_if_missing,
        is_latest_only=message.latest_version_only,
        extraction=_extraction(message.value_trans_rule)
        if message.HasField("value_trans_rule")
        else None,
    )


def _extraction(rule: ots_pb2.ValueTransferRule) -> Extraction:
    cast = _CASTS.get(rule.cast_type if rule.HasField("cast_type") else ots_pb2.VT_STRING)
    if cast is None:
        raise invalid("Deserialize relation filter failed.")
    try:
        return Extraction(re.compile(rule.regex), cast)
    except (re.error, OverflowError, RecursionError):
        raise invalid("Deserialize relation filter failed.") from None


def _pagination(data: bytes) -> Pagination:
    message = parse(
        ots_pb2.ColumnPaginationFilter, data, "Deserialize column pagination filter failed."
    )
    if message.offset < 0:
        raise invalid("Offset in ColumnPaginationFilter must be greater than or equal to 0.")
    if message.limit <= 0:
        raise invalid("Limit in ColumnPaginationFilter must be greater than 0.")
    return Pagination(message.offset, message.limit)
