"""An index: which fields of a log can be searched and analysed, and as what.

A field of type json opens its leaves: those named in `json_keys` with a type of their own, and
under `index_all` every text and boolean leaf as text. A number in a leaf is found only if it is
named ("Index data types": json).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from infra.localcloud.sls.errors import SlsRefused
from infra.localcloud.sls.records import TAG_PREFIX, Record, leaf_text

FieldType = Literal["text", "long", "double"]
Value = str | int | float
_TYPES = ("text", "long", "double", "json")
_BUILT_IN = ("__topic__", "__source__")
_LONG = re.compile(r"[+-]?\d{1,19}")
_LONG_LIMIT = 1 << 63


@dataclass(frozen=True, slots=True)
class Field:
    """One searchable field. path: below a JSON field; "" for the field itself.

    is_analytic: whether SQL may read it (`doc_value`). listed: False for what only `index_all`
    opens.
    """

    key: str
    path: str = ""
    type: FieldType = "text"
    delimiters: str = ""
    is_case_sensitive: bool = False
    is_analytic: bool = True
    alias: str = ""
    is_listed: bool = True

    @property
    def name(self) -> str:
        """The name in a query: `status`, `message.event`."""
        return f"{self.key}.{self.path}" if self.path else self.key

    def value(self, record: Record) -> Value | None:
        """The field's value by its type; None if the log has none, or none of that type."""
        if self.path:
            leaf = record.leaf(self.key, self.path)
            is_number = isinstance(leaf, (int, float)) and not isinstance(leaf, bool)
            text = None if is_number and not self.is_listed else leaf_text(leaf)
        else:
            text = record.text(self.key)
        if text is None or self.type == "text":
            return text
        return _number(text, self.type)


@dataclass(frozen=True, slots=True)
class Line:
    """The full-text index. include and exclude: field names; empty for no such list."""

    delimiters: str
    is_case_sensitive: bool
    include: frozenset[str]
    exclude: frozenset[str]

    def covers(self, name: str) -> bool:
        """True if the words of this field are in the full-text index."""
        return name in self.include if self.include else name not in self.exclude


@dataclass(frozen=True, slots=True)
class Index:
    """A log store's index. open_keys: JSON fields whose leaves are all indexed, without paths."""

    line: Line | None
    fields: Mapping[str, Field]
    open_keys: Mapping[str, Field]

    def field(self, name: str) -> Field | None:
        """The field behind a name in a query, or None if it is not indexed."""
        if name in self.fields:
            return self.fields[name]
        if name in _BUILT_IN or name.startswith(TAG_PREFIX):
            return Field(name)
        key, _, path = name.partition(".")
        above = self.open_keys.get(key) if path else None
        if above is None:
            return None
        return Field(key, path, "text", above.delimiters, above.is_case_sensitive, is_listed=False)

    def analytic_fields(self) -> list[Field]:
        """What SQL may read, the platform's own fields first."""
        return [
            *(Field(name) for name in _BUILT_IN if name not in self.fields),
            *(field for field in self.fields.values() if field.is_analytic),
        ]


def read_index(body: Mapping[str, object]) -> Index:
    """The index that a body describes. Raises SlsRefused with IndexInfoInvalid."""
    line, keys = body.get("line"), body.get("keys")
    if line is None and not keys:
        raise _invalid("line or keys")
    if keys is not None and not isinstance(keys, dict):
        raise _invalid("keys")
    fields: dict[str, Field] = {}
    open_keys: dict[str, Field] = {}
    for name, key in (keys or {}).items():
        if not isinstance(key, dict):
            raise _invalid(f"keys.{name}")
        kind = key.get("type")
        if kind not in _TYPES:
            raise _invalid(f"keys.{name}.type")
        if kind == "json":
            below = _field(name, "", {**key, "type": "text"}, f"keys.{name}")
            if key.get("index_all"):
                open_keys[name] = below
            fields |= _leaves(name, key, below)
        fields[name] = _field(name, "", {**key, "type": "text" if kind == "json" else kind}, name)
    return Index(_line(line) if line is not None else None, fields, open_keys)


def _leaves(name: str, key: Mapping[str, object], above: Field) -> dict[str, Field]:
    leaves = key.get("json_keys") or {}
    if not isinstance(leaves, dict):
        raise _invalid(f"keys.{name}.json_keys")
    found = {}
    for path, leaf in leaves.items():
        where = f"keys.{name}.json_keys.{path}"
        if not isinstance(leaf, dict) or leaf.get("type") not in ("text", "long", "double"):
            raise _invalid(where)
        # A leaf has no delimiters of its own; it takes those of its field.
        inherited = {"token": list(above.delimiters), "caseSensitive": above.is_case_sensitive}
        found[f"{name}.{path}"] = _field(name, path, {**inherited, **leaf}, where)
    return found


def _field(key: str, path: str, body: Mapping[str, object], where: str) -> Field:
    kind, alias = body["type"], str(body.get("alias") or "")
    if "\0" in key + path + alias:  # no name of a column (inferred: that it is refused)
        raise _invalid(where)
    return Field(
        key,
        path,
        "long" if kind == "long" else "double" if kind == "double" else "text",
        _delimiters(body, where) if kind == "text" else "",
        body.get("caseSensitive") is True,
        body.get("doc_value") is True,
        alias,
    )


def _line(body: object) -> Line:
    if not isinstance(body, dict):
        raise _invalid("line")
    include, exclude = (body.get(name) or [] for name in ("include_keys", "exclude_keys"))
    if not isinstance(include, list) or not isinstance(exclude, list):
        raise _invalid("line.include_keys or line.exclude_keys")
    if include and exclude:
        raise _invalid("line.include_keys and line.exclude_keys")
    return Line(
        _delimiters(body, "line"),
        body.get("caseSensitive") is True,
        frozenset(map(str, include)),
        frozenset(map(str, exclude)),
    )


def _delimiters(body: Mapping[str, object], where: str) -> str:
    token = body.get("token")
    if not isinstance(token, list) or not all(isinstance(part, str) for part in token):
        raise _invalid(f"{where}.token")
    return "".join(token)


def _number(text: str, kind: FieldType) -> int | float | None:
    if kind == "long":
        number = int(text) if _LONG.fullmatch(text) else None
        return number if number is not None and -_LONG_LIMIT <= number < _LONG_LIMIT else None
    try:
        return float(text)
    except ValueError:
        return None


def _invalid(where: str) -> SlsRefused:
    return SlsRefused("IndexInfoInvalid", f"Required field {where} is lacking or of error format.")
