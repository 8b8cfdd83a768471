"""Whether a log matches a search, by the index of its log store."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping

from infra.localcloud.core.globs import glob
from infra.localcloud.sls.errors import SlsRefused
from infra.localcloud.sls.index import Field, Index
from infra.localcloud.sls.records import Record
from infra.localcloud.sls.search import (
    AllOf,
    AnyOf,
    Bound,
    Comparison,
    Everything,
    Exists,
    Node,
    Not,
    Words,
    wrong,
)

_COMPARE: Mapping[Comparison, Callable[[float, float], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def check(node: Node, index: Index) -> None:
    """Refuse a search that names what the index does not hold. Raises SlsRefused."""
    match node:
        case Not(part):
            check(part, index)
        case AllOf(parts) | AnyOf(parts):
            for one in parts:
                check(one, index)
        case Bound(name):
            if _indexed(index, name).type == "text":
                raise SlsRefused(
                    "ParameterInvalid", f"key ({name}) is not config as numberic column"
                )
        case Exists(name):
            _indexed(index, name)
        case Words(text, name) if name:
            field = _indexed(index, name)
            if field.type != "text":
                _as_number(text)
        case Words() if index.line is None and not index.fields:
            raise wrong("there is no index for full text")


def matches(node: Node, record: Record, index: Index) -> bool:
    """True if the log is of those that the search means. `check` has passed."""
    match node:
        case Everything():
            return True
        case Not(part):
            return not matches(part, record, index)
        case AllOf(parts):
            return all(matches(part, record, index) for part in parts)
        case AnyOf(parts):
            return any(matches(part, record, index) for part in parts)
        case Exists(name):
            return _indexed(index, name).value(record) is not None
        case Bound(name, comparison, number):
            value = _indexed(index, name).value(record)
            return isinstance(value, (int, float)) and _COMPARE[comparison](value, number)
        case Words(text, name, is_quoted) if name:
            return _in_field(_indexed(index, name), text, is_quoted, record)
        case Words(text, _, is_quoted):
            return _anywhere(index, text, is_quoted, record)


def words_of(text: str, delimiters: str, *, is_case_sensitive: bool) -> list[str]:
    """The words of a text: what the delimiters leave."""
    text = text if is_case_sensitive else text.lower()
    if not delimiters:
        return [text] if text else []
    return [word for word in re.split(f"[{re.escape(delimiters)}]", text) if word]


def _indexed(index: Index, name: str) -> Field:
    field = index.field(name)
    if field is None:
        raise SlsRefused(
            "ParameterInvalid",
            f"key ({name}) is not config as key value config,if symbol : is in your log,"
            'please wrap : with quotation mark "',
        )
    return field


def _in_field(field: Field, text: str, is_quoted: bool, record: Record) -> bool:
    value = field.value(record)
    if value is None:
        return False
    if not isinstance(value, str):
        return value == _as_number(text)
    return text == value == "" or _holds(
        value, text, field.delimiters, field.is_case_sensitive, is_quoted
    )


def _anywhere(index: Index, text: str, is_quoted: bool, record: Record) -> bool:
    line = index.line
    if line is not None:
        # The parts of a word may stand in different fields (inferred).
        value = "\n".join(value for name, value in record.texts().items() if line.covers(name))
        delimiters = line.delimiters + "\n"
        return _holds(value, text, delimiters, line.is_case_sensitive, is_quoted)
    # Without a full-text index, the text fields are searched one by one (inferred).
    fields = (field for field in index.fields.values() if field.type == "text")
    return any(_in_field(field, text, is_quoted, record) for field in fields)


def _holds(
    value: str, text: str, delimiters: str, is_case_sensitive: bool, is_quoted: bool
) -> bool:
    words = set(words_of(value, delimiters, is_case_sensitive=is_case_sensitive))
    if not is_quoted:
        delimiters = re.sub(r"[*?]", "", delimiters)
    wanted = words_of(text, delimiters, is_case_sensitive=is_case_sensitive)
    return bool(wanted) and all(_is_among(word, words, is_quoted) for word in wanted)


def _is_among(wanted: str, words: set[str], is_quoted: bool) -> bool:
    if is_quoted or not set("*?") & set(wanted):
        return wanted in words
    return any(map(glob(wanted), words))


def _as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise wrong(f"{text!r} is not a number") from error
