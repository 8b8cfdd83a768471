"""What PlainBuffer is made of: rows, cells, values, and the numbers that tell them apart."""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


class Bound(enum.Enum):
    """What may stand in a key in place of a value; the number is the type byte."""

    INF_MIN = 9
    INF_MAX = 10
    AUTO_INCREMENT = 11


class Op(enum.IntEnum):
    """What an UpdateRow cell does to its column. A cell without one is a put."""

    DELETE_ALL = 1
    DELETE_ONE = 3
    INCREMENT = 4


Value = bool | int | float | str | bytes
"""INTEGER, DOUBLE, BOOLEAN, STRING and BLOB are told apart by the Python type."""

KeyValue = int | str | bytes | bool | Bound
Key = Sequence[tuple[str, KeyValue]]

HEADER: Final = 0x75
HEADER_BYTES: Final = struct.pack("<I", HEADER)
ROW_PK, ROW_DATA, CELL, CELL_NAME, CELL_VALUE = 0x01, 0x02, 0x03, 0x04, 0x05
CELL_OP, CELL_TIMESTAMP, DELETE_MARKER, ROW_CHECKSUM, CELL_CHECKSUM = 0x06, 0x07, 0x08, 0x09, 0x0A
INTEGER, DOUBLE, BOOLEAN, STRING, BLOB = 0, 1, 2, 3, 7


def _crc8_table() -> bytes:
    table = bytearray()
    for byte in range(256):
        for _ in range(8):
            byte = (byte << 1) ^ 0x07 if byte & 0x80 else byte << 1
        table.append(byte & 0xFF)
    return bytes(table)


CRC8: Final = _crc8_table()


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of ROW_DATA. `timestamp_ms` is its version."""

    name: str
    value: Value | None = None
    timestamp_ms: int | None = None
    op: Op | None = None


@dataclass(frozen=True, slots=True)
class PlainRow:
    """A row as it was read; `is_deleted` is the delete marker."""

    key: list[tuple[str, KeyValue]]
    cells: list[Cell]
    is_deleted: bool = False


def crc8(crc: int, data: bytes) -> int:
    """CRC-8, polynomial 0x07, carried on from `crc`."""
    table = CRC8
    for byte in data:
        crc = table[crc ^ byte]
    return crc


def type_name(value: Value | Bound) -> str:
    """The service's name for the type of `value`, as its error texts use it."""
    if isinstance(value, Bound):
        return f"VT_{value.name}"
    return _TYPE_NAMES[type(value)]


_TYPE_NAMES: Final = {
    int: "VT_INTEGER",
    float: "VT_DOUBLE",
    bool: "VT_BOOLEAN",
    str: "VT_STRING",
    bytes: "VT_BLOB",
}
