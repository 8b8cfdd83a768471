"""Capacity units: what an operation costs. One unit is 4 KB, rounded up per row operation.

The rules are those of the vendor's pages "PutRow", "UpdateRow", "GetRow" and "GetRange": a write
costs its key and cells, a deleted column its name alone; any condition costs a read of the key as
well; a condition that fails costs one write and one read; a read of nothing costs one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.limits import value_size
from infra.localcloud.tablestore.plainbuffer import Cell, Key

_UNIT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Cost:
    """Capacity units consumed."""

    read: int = 0
    write: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.read + other.read, self.write + other.write)

    def as_message(self) -> ots_pb2.ConsumedCapacity:
        """The `consumed` of an answer."""
        unit = ots_pb2.CapacityUnit(read=self.read, write=self.write)
        return ots_pb2.ConsumedCapacity(capacity_unit=unit)


FREE = Cost()


def units(size_bytes: int) -> int:
    """Capacity units for an amount of data, at least one."""
    return max(1, -(-size_bytes // _UNIT_BYTES))


def key_size(key: Key) -> int:
    """Bytes that a key counts for: names and values."""
    return sum(value_size(name) + value_size(value) for name, value in key)


def cells_size(cells: Iterable[Cell]) -> int:
    """Bytes that cells count for: names and values; a cell that deletes has no value."""
    return sum(
        value_size(cell.name) + (0 if cell.value is None else value_size(cell.value))
        for cell in cells
    )
