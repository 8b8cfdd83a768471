"""The XML of SMQ, read and written.

A document type declaration is refused as soon as the parser sees one, so that no entity is ever
expanded; nesting is bounded by what the messages need.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from infra.localcloud.smq.errors import SmqRefused

NAMESPACE = "http://mns.aliyuncs.com/doc/v1/"
DEPTH_LIMIT = 8

Fields = Mapping[str, object]


class _Builder(ElementTree.TreeBuilder):
    """Builds a tree of bounded depth from a document without a type declaration."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def doctype(self, _name: str, _public_id: str | None, _system: str | None) -> None:
        raise SmqRefused("MalformedXML", "A document type declaration is not taken.")

    def start(self, tag: str, attributes: dict[str, str]) -> ElementTree.Element:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise SmqRefused("MalformedXML", "The XML nests too deep.")
        return super().start(tag, attributes)

    def end(self, tag: str) -> ElementTree.Element:
        self._depth -= 1
        return super().end(tag)


def read_document(body: bytes, root_name: str) -> ElementTree.Element:
    """The root of a document, which must be a `root_name`. Raises SmqRefused."""
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(body)
        root: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise SmqRefused("MalformedXML") from error
    if _local_name(root) != root_name:
        raise SmqRefused("InvalidArgument", f"The XML should be a {root_name}.")
    return root


def children(parent: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """The direct children of that name, of whatever namespace."""
    return [child for child in parent if _local_name(child) == name]


def texts(parent: ElementTree.Element) -> dict[str, str]:
    """The texts of the direct children, by name."""
    return {_local_name(child): child.text or "" for child in parent}


def write_one(name: str, fields: Fields) -> bytes:
    """A document with one element of fields."""
    return _document(f'<{name} xmlns="{NAMESPACE}">{_inner(fields)}</{name}>')


def write_list(
    root: str, name: str, entries: Iterable[Fields], tail: Fields | None = None
) -> bytes:
    """A document with a list of elements of fields, and fields of its own behind it."""
    inner = "".join(f"<{name}>{_inner(fields)}</{name}>" for fields in entries)
    return _document(f'<{root} xmlns="{NAMESPACE}">{inner}{_inner(tail or {})}</{root}>')


def _inner(fields: Fields) -> str:
    # A parser would turn a bare carriage return into a line feed.
    return "".join(
        f"<{name}>{escape(str(value), {chr(13): '&#13;'})}</{name}>"
        for name, value in fields.items()
    )


def _document(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()


def _local_name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
