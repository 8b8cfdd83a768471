"""Good JSON with a part or two of it broken, for the services that take JSON."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

_DEEP = "@deep@"
WRONG: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 0.5, 3650.0, 1 << 63, 10**400, float("nan"), float("inf")),
    *("", "x", "\0", "a\0b", "\ud800", "a\r\nb", "../..", "%00", "ｊobs", "9" * 5000, "x" * 70_000),
    *([], [[]], [{}], [None], ["\ud800"], {}, {"": None}, {"\0": {}}, {"type": []}, _DEEP),
)
"""Values of another type, out of every bound, that no text can hold, or that nest too deep."""
DEPTHS = (70, 400, 940, 100_000)


@st.composite
def spoiled(draw: st.DrawFn, good: object) -> bytes:
    """The JSON of `good`, with a part or two replaced, put in, taken out or renamed; at times its
    bytes are broken too.
    """
    document = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 2))):
        container, key = draw(st.sampled_from(_places(document) or [([document], 0)]))
        how = draw(st.sampled_from(["replace", "replace", "add", "add", "take out", "rename"]))
        if how == "add" and isinstance(container, dict):
            key = draw(st.sampled_from(["description", "tags", "displayName", "nasConfig", ""]))
        if how in ("replace", "add"):
            container[key] = copy.deepcopy(draw(st.sampled_from(WRONG)))
        elif how == "take out":
            del container[key]
        elif isinstance(container, dict):
            other = draw(st.sampled_from(["", "\0", "ｎame", str(key).upper()]))
            container[other] = container.pop(key)
    depth = draw(st.sampled_from(DEPTHS))
    text = json.dumps(document).replace(json.dumps(_DEEP), "[" * depth + "]" * depth)
    return draw(_broken(text.encode()))


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every member of every object and list: what holds it, and its key there."""
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    else:
        return []
    return [
        *((value, key) for key, _ in members),
        *(place for _, member in members for place in _places(member)),
    ]


def _broken(body: bytes) -> st.SearchStrategy[bytes]:
    cut = st.integers(0, len(body)).map(lambda at: body[:at])
    put_in = st.tuples(st.integers(0, len(body)), st.binary(min_size=1, max_size=3)).map(
        lambda change: body[: change[0]] + change[1] + body[change[0] :]
    )
    other = st.sampled_from(
        [b"", b"null", b"[]", b"\xef\xbb\xbf" + body, body.decode().encode("utf-16"), b"\0" + body]
    )
    return st.one_of(*[st.just(body)] * 7, cut, put_in, other)
