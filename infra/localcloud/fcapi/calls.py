"""One call of the API, and what operations share: bodies, pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from infra.localcloud.core.nesting import nests_too_deep
from infra.localcloud.core.wire import WireRequest
from infra.localcloud.fcapi.errors import FcRefused, invalid
from infra.localcloud.fcapi.records import Document

PAGE_LIMIT = 100
_PAGE_DEFAULT = 20
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Call:
    """A verified request. path: the names that stand in its path, decoded."""

    request: WireRequest
    request_id: str
    path: Mapping[str, str]
    query: Mapping[str, str]

    def body(self) -> Document:
        """The JSON object that was sent. Raises FcRefused."""
        if not self.request.body:
            return {}
        try:
            body = json.loads(self.request.body)
            # Lone surrogates are no text, and NaN and infinity are no JSON.
            json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            raise invalid("the request body is not JSON") from error
        if not isinstance(body, dict) or nests_too_deep(body):
            raise invalid("the request body is not a JSON object, or nests too deep")
        return body


def page(items: Sequence[tuple[str, Item]], call: Call) -> tuple[list[Item], dict[str, str]]:
    """The items of the page that was asked for, of `items` sorted by key, and the `nextToken` of
    the one behind it (inferred: that a token is the next item's key, and the default of 20).
    """
    prefix, token = call.query.get("prefix", ""), call.query.get("nextToken", "")
    limit = _limit(call.query.get("limit", ""))
    wanted = [(key, item) for key, item in items if key.startswith(prefix) and key >= token]
    shown, rest = wanted[:limit], wanted[limit:]
    return [item for _, item in shown], {"nextToken": rest[0][0]} if rest else {}


def text_of(body: Document, key: str) -> str:
    """A text that must be there. Raises FcRefused."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise invalid(f"{key} is required")
    return value


def found(document: Document | None, code: str, message: str) -> Document:
    """The document. Raises FcRefused if there is none."""
    if document is None:
        raise FcRefused(code, message)
    return document


def _limit(text: str) -> int:
    if not text:
        return _PAGE_DEFAULT
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= PAGE_LIMIT):
        raise invalid(f"limit must be from 1 to {PAGE_LIMIT}")
    return int(text)
