"""What is never shipped, and why that is safe for the synchronous paths of the SDKs.

Checked for the versions in CONFIRMED (`OTSClient`, `send_sms` with a credentials provider of our
own) on CPython 3.10, 3.11 and 3.12; a test fails when the lock moves on, until this list and
edits.py are looked through again and the new version is written here. A distribution that is only
needed by an excluded one (attrs, yarl, multidict, cffi, tzlocal ...) needs no line: the closure
does not go through an exclusion.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

STUBS = Path(__file__).parent / "stubs"

# Whatever imports what is left out, loses a file, or is edited (edits.py).
CONFIRMED: Mapping[str, str] = {
    "alibabacloud-credentials": "1.0.12",
    "alibabacloud-dm20151123": "1.11.1",
    "alibabacloud-dysmsapi20170525": "4.6.0",
    "alibabacloud-tea": "0.4.3",
    "alibabacloud-tea-openapi": "0.4.6",
    "alibabacloud-tea-util": "0.3.15",
    "aliyun-mns-sdk": "1.3.0",
    "certifi": "2026.10.18",
    "cffi": "2.1.1",
    "charset-normalizer": "3.5.2",
    "crc32c": "2.9.post0",
    "darabonba-core": "1.0.9",
    "flatbuffers": "25.12.19",
    "phonenumberslite": "9.0.42",
    "protobuf": "5.29.6",
    "pydantic": "2.14.3",
    "pydantic-core": "2.50.4",
    "pynacl": "1.6.2",
    "requests": "2.34.2",
    "tablestore": "6.4.8",
    "urllib3": "2.8.0",
}

# Distribution -> the placeholder package under stubs/, or None if nothing imports it eagerly.
EXCLUDED: Mapping[str, str | None] = {
    # flatbuffers looks for numpy and does without; only SQL and time series results would use it.
    "numpy": None,
    # Named by tablestore for Python 2; no module of it is imported on Python 3.
    "future": None,
    # Async clients only: sessions, connectors and timeouts are made inside `async def`, or in
    # tablestore's AsyncOTSClient; the eager uses are one import and annotations.
    "aiohttp": "aiohttp",
    # Opened only in the `async def` twins of the credentials library's file readers.
    "aiofiles": "aiofiles",
    # Started only by the ECS RAM role provider when it refreshes in the background; Function
    # Compute has no ECS metadata, and our provider reads the invocation.
    "apscheduler": "apscheduler",
    # Only `rsa_sign` (ACS3-RSA-SHA256); access keys sign with HMAC from the standard library.
    # requests looks for it only where `ssl` has no SNI.
    "cryptography": "cryptography",
    # Only for endpoints whose protocol is ws or wss; Dysmsapi has none.
    "websocket-client": "websocket",
    # Reads C declarations, when a library for cffi is built.
    "pycparser": None,
    # Named by aliyun-mns-sdk 1.3.0; no module of it imports it.
    "pycryptodome": None,
}
# Kept on purpose, although it looks droppable: idna and charset-normalizer (requests imports
# both), certifi (both SDKs ask for its bundle at the first request), crc32c (tablestore's encoder
# imports it; there is no fallback), six, typing-extensions (crc32c below 3.12, pydantic).

# Files that are dropped by their whole name inside the installed tree.
DROPPED_FILES = frozenset(
    {
        # 13.7 MB of C++ codec that loads on 3.12 alone; without it every version runs the same
        # Python codec, and says so on the loggers tablestore.encoder and tablestore.decoder.
        "tablestore/ots_sdk/ots_sdk.so",
    }
)
# Folders that are dropped with all below them.
DROPPED_TREES = (
    # PyNaCl loads cffi's compiled backend alone; the package in Python is for building libraries.
    "cffi",
    # The first version's models: imported by its old names, and for foreign classes with its hooks.
    "pydantic/v1",
    # Of emergency and other short numbers, for shortnumberinfo alone, which nothing imports.
    "phonenumbers/shortdata",
)
DROPPED_FOLDERS = frozenset({"tests", "test", "__pycache__"})
DROPPED_SUFFIXES = frozenset(
    {".pyi", ".pyx", ".pxd", ".c", ".h", ".pth", ".pyd", ".dll", ".dylib", ".exe"}
)
KEPT_METADATA = ("METADATA", "LICENSE", "LICENCE", "COPYING", "NOTICE", "licenses/")


def ships(path: PurePosixPath, extension_suffixes: tuple[str, ...]) -> bool:
    """Whether a file of an installed distribution goes into a package. Scripts, which an installer
    puts beside the modules, do not; nor do extension modules of another interpreter or system.
    """
    if path.parts[0] in {"bin", "..", "Scripts"} or str(path) in DROPPED_FILES:
        return False
    if any(path.is_relative_to(tree) for tree in DROPPED_TREES):
        return False
    if path.parts[0].endswith(".dist-info"):
        return "/".join(path.parts[1:]).startswith(KEPT_METADATA)
    if DROPPED_FOLDERS.intersection(path.parts[:-1]) or path.suffix in DROPPED_SUFFIXES:
        return False
    return path.suffix != ".so" or path.name[path.name.index(".") :] in extension_suffixes
