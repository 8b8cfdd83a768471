"""PlainBuffer, the binary form of a row: in requests, in answers, and in the store.

Layout (the vendor's page "PlainBuffer"), all numbers little-endian:

    row  = u32 0x75, [0x01 cell*], [0x02 cell*], [0x08], 0x09 crc8
    cell = 0x03, 0x04 u32 name, [0x05 u32 variant], [0x06 op], [0x07 i64 ms], 0x0A crc8
    variant = type byte, payload

A cell's checksum runs over name, variant, timestamp and operation, in this order, which is not the
order on the wire; a row's runs over its cells' checksums and then 1 or 0 for the delete marker.
"""

from infra.localcloud.tablestore.cells import (
    HEADER_BYTES,
    Bound,
    Cell,
    Key,
    KeyValue,
    Op,
    PlainRow,
    Value,
    crc8,
    type_name,
)
from infra.localcloud.tablestore.decoding import (
    decode_row,
    decode_rows,
    decode_stored,
    decode_variant,
)
from infra.localcloud.tablestore.encoding import encode_body, encode_row, encode_variant

__all__ = [
    "HEADER_BYTES",
    "Bound",
    "Cell",
    "Key",
    "KeyValue",
    "Op",
    "PlainRow",
    "Value",
    "crc8",
    "decode_row",
    "decode_rows",
    "decode_stored",
    "decode_variant",
    "encode_body",
    "encode_row",
    "encode_variant",
    "type_name",
]
