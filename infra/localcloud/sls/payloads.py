"""The bodies of logs on the wire: a LogGroup in protobuf, and the compressions that go with it.

The message of the page "Data encoding", read by hand, as its one level of nesting needs no
generated code:

    LogGroup { repeated Log Logs = 1; Topic = 3; Source = 4; repeated LogTag LogTags = 6 }
    Log      { uint32 Time = 1; repeated Content Contents = 2; fixed32 Time_ns = 4 }
    Content and LogTag { string Key = 1; string Value = 2 }
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import lz4.block  # type: ignore[import-untyped]
import zstd  # type: ignore[import-untyped]

from infra.localcloud.sls.errors import SlsRefused
from infra.localcloud.sls.records import Log

RAW_LIMIT_BYTES = 10 * 1024 * 1024
"""What one PutLogs may hold before compression, by the page "PutLogs"."""
ANSWER_ENCODINGS = ("lz4", "zstd", "gzip", "deflate")


def decompress(body: bytes, kind: str, raw_size: int) -> bytes:
    """The body as it was. Raises SlsRefused for an unknown kind or a body that is not of it."""
    if raw_size > RAW_LIMIT_BYTES:
        raise SlsRefused("PostBodyTooLarge")
    try:
        match kind:
            case "":
                raw = body
            case "lz4":
                raw = lz4.block.decompress(body, uncompressed_size=raw_size)
            case "zstd":
                raw = zstd.decompress(body)
            case "deflate" | "gzip":
                raw = zlib.decompressobj(wbits=47).decompress(body, RAW_LIMIT_BYTES + 1)
            case _:
                raise SlsRefused("InvalidCompressType")
    except (lz4.block.LZ4BlockError, zstd.Error, zlib.error, MemoryError) as error:
        raise SlsRefused("PostBodyInvalid", "the body cannot be decompressed") from error
    if len(raw) != raw_size:
        raise SlsRefused("InvalidBodyRawSize")
    return bytes(raw)


def compress(body: bytes, kind: str) -> bytes:
    """The body in one of ANSWER_ENCODINGS."""
    match kind:
        case "lz4":
            return bytes(lz4.block.compress(body, store_size=False))
        case "zstd":
            return bytes(zstd.compress(body, 1))
    return zlib.compress(body)  # under either name, as the SDK undoes "gzip" with zlib


def read_log_group(raw: bytes, received_at: float) -> list[Log]:
    """The logs of a LogGroup, each with the group's topic, source and tags. Raises SlsRefused."""
    try:
        return _log_group(raw, received_at)
    except (ValueError, IndexError) as error:  # UnicodeDecodeError is a ValueError
        raise SlsRefused("PostBodyInvalid", "Protobuffer content cannot be parsed.") from error


def _log_group(raw: bytes, received_at: float) -> list[Log]:
    logs: list[tuple[int, dict[str, str]]] = []
    tags: dict[str, str] = {}
    texts = {3: "", 4: ""}
    for number, value in _fields(raw):
        if isinstance(value, int):
            continue
        if number == 1:
            logs.append(_log(value))
        elif number in texts:
            texts[number] = value.decode("utf-8")
        elif number == 6:
            key, text = _pair(value)
            tags[key] = text
    return [
        Log(time_s, received_at, texts[3], texts[4], tags=tags, fields=fields)
        for time_s, fields in logs
    ]


def _log(raw: bytes) -> tuple[int, dict[str, str]]:
    time_s = -1
    fields: dict[str, str] = {}
    for number, value in _fields(raw):
        if number == 1 and isinstance(value, int):
            time_s = value
        elif number == 2 and isinstance(value, bytes):
            key, text = _pair(value)
            fields[key] = text
    if not 0 <= time_s < 1 << 32:
        raise ValueError("a log without a time")
    return time_s, fields


def _pair(raw: bytes) -> tuple[str, str]:
    texts = {
        number: value.decode("utf-8") for number, value in _fields(raw) if isinstance(value, bytes)
    }
    return texts.get(1, ""), texts.get(2, "")


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        number, wire_type = key >> 3, key & 7
        if wire_type == 0:
            value, at = _varint(raw, at)
            yield number, value
            continue
        if wire_type == 2:
            size, at = _varint(raw, at)
        elif wire_type in (1, 5):
            size = 8 if wire_type == 1 else 4
        else:
            raise ValueError("an unknown wire type")
        if at + size > len(raw):
            raise ValueError("a field longer than its message")
        yield number, raw[at : at + size]
        at += size


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("a number of more than 64 bits")
