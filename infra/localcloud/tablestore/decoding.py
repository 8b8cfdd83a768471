"""Reading PlainBuffer; see plainbuffer.py for the layout.

A row is read the quick way, which takes only what is right; whatever is not goes the careful way,
which says what is wrong with it.
"""

from __future__ import annotations

import struct

from infra.localcloud.tablestore.cells import (
    BLOB,
    BOOLEAN,
    CELL,
    CELL_CHECKSUM,
    CELL_NAME,
    CELL_OP,
    CELL_TIMESTAMP,
    CELL_VALUE,
    CRC8,
    DELETE_MARKER,
    DOUBLE,
    HEADER,
    INTEGER,
    ROW_CHECKSUM,
    ROW_DATA,
    ROW_PK,
    STRING,
    Bound,
    Cell,
    KeyValue,
    Op,
    PlainRow,
    Value,
    crc8,
    type_name,
)
from infra.localcloud.tablestore.errors import OtsError, invalid
from infra.localcloud.tablestore.quick_decoding import read_quickly

_U32 = struct.Struct("<I")
_I64 = struct.Struct("<q")


def decode_variant(data: bytes) -> Value | Bound:
    """A bare variant that fills `data` whole. Raises OtsError."""
    reader = _Reader(data)
    value = reader.variant()
    reader.expect_end()
    return value


def decode_row(data: bytes) -> PlainRow:
    """A row that fills `data` whole, its checksums verified. Raises OtsError.

    Zeros behind it are taken: the Node SDK reserves a byte too many for each bound of a range.
    """
    quick = read_quickly(data, verifies=True)
    if quick is not None:
        return quick
    reader = _Reader(data)
    reader.header()
    row = reader.row()
    reader.skip_zeros()
    reader.expect_end()
    return row


def decode_stored(data: bytes) -> PlainRow:
    """A row that was encoded here, which need not be doubted."""
    return read_quickly(data, verifies=False) or decode_row(data)


def decode_rows(data: bytes) -> list[PlainRow]:
    """Rows back to back under one header; none for empty bytes. Raises OtsError."""
    if not data:
        return []
    reader = _Reader(data)
    reader.header()
    rows = []
    while reader.at < len(data):
        rows.append(reader.row())
    return rows


class _Reader:
    """A cursor over encoded bytes. Whatever is wrong with them is an OtsError of status 400."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def header(self) -> None:
        actual = self.u32()
        if actual != HEADER:
            raise invalid(f"Cell data broken, mismatch header, actual: {actual}, expect: {HEADER}.")

    def expect_end(self) -> None:
        if self.at != len(self.data):
            raise invalid("Cell data broken, has more data in cell, but they can't be parsed.")

    def skip_zeros(self) -> None:
        while self.peek() == 0:
            self.at += 1

    def row(self) -> PlainRow:
        key: list[tuple[str, KeyValue]] = []
        cells: list[Cell] = []
        crc = 0
        if self.peek() == ROW_PK:
            self.at += 1
            while self.peek() == CELL:
                cell, value, crc = self.cell(crc)
                key.append((cell.name, _key_value(cell, value)))
        if self.peek() == ROW_DATA:
            self.at += 1
            while self.peek() == CELL:
                cell, value, crc = self.cell(crc)
                if isinstance(value, Bound):
                    raise _type_is_invalid(value, "attribute column")
                cells.append(cell)
        is_deleted = self.peek() == DELETE_MARKER
        self.at += is_deleted
        if self.u8() != ROW_CHECKSUM:
            raise invalid("Cell data broken, row is not end with checksum tag.")
        self.check(self.u8(), CRC8[crc ^ is_deleted])
        return PlainRow(key, cells, is_deleted)

    def cell(self, row_crc: int) -> tuple[Cell, Value | Bound | None, int]:
        """The cell, its value where that may be a bound, and the row's checksum so far."""
        self.at += 1
        if self.peek() != CELL_NAME:
            raise invalid("Cell data broken, attr has no name.")
        self.at += 1
        name_bytes = self.take(self.u32())
        checked = name_bytes
        value: Value | Bound | None = None
        if self.peek() == CELL_VALUE:
            self.at += 1
            size = self.u32()
            start = self.at
            value = self.variant()
            if self.at - start != size:
                raise invalid("data format is invalid.")
            checked += self.data[start : self.at]
        op: int | None = None
        if self.peek() == CELL_OP:
            self.at += 1
            op = self.u8()
        timestamp_ms: int | None = None
        if self.peek() == CELL_TIMESTAMP:
            self.at += 1
            stamp = self.take(8)
            timestamp_ms = _I64.unpack(stamp)[0]
            checked += stamp
        if op is not None:
            checked += bytes((op,))
        if self.u8() != CELL_CHECKSUM:
            raise invalid("Cell data broken, cell is not end with checksum tag.")
        crc = crc8(0, checked)
        self.check(self.u8(), crc)
        known = None if isinstance(value, Bound) else value
        cell = Cell(_text(name_bytes), known, timestamp_ms, None if op is None else _op(op))
        return cell, value, CRC8[row_crc ^ crc]

    def variant(self) -> Value | Bound:
        kind = self.u8()
        if kind == INTEGER:
            return int(_I64.unpack(self.take(8))[0])
        if kind == STRING:
            return _text(self.take(self.u32()))
        if kind == BLOB:
            return self.take(self.u32())
        if kind == DOUBLE:
            return float(struct.unpack("<d", self.take(8))[0])
        if kind == BOOLEAN:
            return self.u8() != 0
        try:
            return Bound(kind)
        except ValueError:
            raise invalid("data format is invalid, unknown variant type occured.") from None

    def peek(self) -> int:
        """The byte under the cursor, or -1 at the end."""
        return self.data[self.at] if self.at < len(self.data) else -1

    def u8(self) -> int:
        return self.take(1)[0]

    def u32(self) -> int:
        return int(_U32.unpack(self.take(4))[0])

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.data):
            raise invalid("Input encoded PK broken, length is shorter than expect.")
        taken = self.data[self.at : end]
        self.at = end
        return taken

    @staticmethod
    def check(given: int, computed: int) -> None:
        if given != computed:
            raise invalid(f"Cell data broken, checksum is mismatch, {given} : {computed}.")


def _key_value(cell: Cell, value: Value | Bound | None) -> KeyValue:
    if value is None:
        raise invalid(f"Cell data broken, PK value cannot be NULL, name: {cell.name}.")
    if cell.op is not None:
        raise invalid(f"OpType cannot be given for primary key name :'{cell.name}'.")
    if cell.timestamp_ms is not None:
        raise invalid(f"Timestamp cannot be given for primary key name:'{cell.name}'.")
    if isinstance(value, float):
        raise invalid("double can not be used as primary key.")
    return value


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise invalid(f"Cell data broken, wrong string format, size: {len(data)}.") from None


def _op(code: int) -> Op:
    try:
        return Op(code)
    except ValueError:
        raise invalid(f"Invalid op type of cell: {code}.") from None


def _type_is_invalid(value: Bound, place: str) -> OtsError:
    return invalid(f"{type_name(value)} is an invalid type for the {place}.")
