"""Shapes: what may stand where in a resource's props, written once and read twice.

`check` walks a value with a shape and names every problem; `as_schema` says the same shape as JSON
schema (draft-07), which the real tool's `s verify` is given. No shape lets a key through that it
does not know: the component's own schema does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra.serverless_devs.problems import UNKNOWN, Problems, Where
from infra.serverless_devs.rules import Rule, close_name


@dataclass(frozen=True, slots=True)
class Block:
    """A mapping of known keys. word: a text that may stand in its place, such as `auto`."""

    keys: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    word: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """A list, each item of one shape."""

    each: Shape


@dataclass(frozen=True, slots=True)
class Texts:
    """A mapping of any names to texts. name: what a name must be; reserved: how none may begin."""

    name: str
    reserved: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A block whose key `config` has the shape that its key `kind` names."""

    block: Block
    kind: str
    config: str
    shapes: Mapping[str, Shape]


@dataclass(frozen=True, slots=True)
class Either:
    """A text of one form, or a block of one of several forms: that with the first key of `blocks`
    which the value has, else the last.
    """

    text: Rule
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class OneOrMore:
    """A value of one shape, or a list of such."""

    each: Shape


Shape = Rule | Block | Items | Texts | Choice | Either | OneOrMore


def check(shape: Shape, value: object, where: Where, problems: Problems) -> None:
    """Note every problem of `value`; what could not be evaluated is no further problem."""
    if value is UNKNOWN:
        return
    match shape:
        case Rule():
            reason = shape.reason(value)
            if reason:
                problems.add(where, reason)
        case Block():
            _check_block(shape, value, where, problems)
        case Items():
            if not isinstance(value, list):
                problems.add(where, "is not a list")
                return
            for index, item in enumerate(value):
                check(shape.each, item, (*where, str(index)), problems)
        case Texts():
            _check_texts(shape, value, where, problems)
        case Choice():
            _check_block(shape.block, value, where, problems)
            if isinstance(value, dict):
                inner = shape.shapes.get(str(value.get(shape.kind)))
                config = value.get(shape.config)
                if inner is not None and config is not None:
                    check(inner, config, (*where, shape.config), problems)
        case Either():
            if not isinstance(value, dict):
                check(shape.text, value, where, problems)
                return
            fitting = (each for each in shape.blocks if each.required[0] in value)
            check(next(fitting, shape.blocks[-1]), value, where, problems)
        case OneOrMore():
            several = isinstance(value, list)
            check(Items(shape.each) if several else shape.each, value, where, problems)


def _check_block(shape: Block, value: object, where: Where, problems: Problems) -> None:
    if value is None or (shape.word and value == shape.word):
        return  # the tool drops a key without a value
    if not isinstance(value, dict):
        problems.add(where, "is not a mapping")
        return
    for key in shape.required:
        if value.get(key) is None:
            problems.add((*where, key), "is missing")
    refuse_unknown(value, shape.keys, where, problems)
    for key, inner in shape.keys.items():
        if key in value and not (value[key] is None and key in shape.required):
            check(inner, value[key], (*where, key), problems)


def _check_texts(shape: Texts, value: object, where: Where, problems: Problems) -> None:
    if not isinstance(value, dict):
        problems.add(where, "is not a mapping")
        return
    for key, item in value.items():
        if not re.fullmatch(shape.name, str(key)):
            problems.add((*where, str(key)), "is no key of letters, digits and _")
        if str(key).startswith(shape.reserved):
            problems.add((*where, str(key)), f"{shape.reserved}* is reserved for the platform")
        if item is not UNKNOWN and not isinstance(item, str):
            problems.add((*where, str(key)), f"{item!r} is not a text; put it in quotes")


def refuse_unknown(
    block: Mapping[str, object], known: Iterable[str], where: Where, problems: Problems
) -> None:
    """Refuse every key that is not known, with the close one named."""
    names = list(known)
    for key in block:
        if key not in names:
            close = close_name(str(key), names)
            problems.add(
                (*where, str(key)),
                "is no known key" + (f"; did you mean {close}?" if close else ""),
            )


def as_schema(shape: Shape) -> dict[str, object]:
    """The shape as JSON schema, draft-07."""
    match shape:
        case Rule():
            return dict(shape.schema)
        case Block():
            block: dict[str, object] = {
                "type": "object",
                "properties": {key: as_schema(inner) for key, inner in shape.keys.items()},
                "required": list(shape.required),
                "additionalProperties": False,
            }
            return {"anyOf": [{"const": shape.word}, block]} if shape.word else block
        case Items():
            return {"type": "array", "items": as_schema(shape.each)}
        case Texts():
            return {
                "type": "object",
                "propertyNames": {"pattern": f"^(?!{shape.reserved}){shape.name}$"},
                "additionalProperties": {"type": "string"},
            }
        case Choice():
            kinds = [
                {
                    "if": {"properties": {shape.kind: {"const": name}}},
                    "then": {"properties": {shape.config: as_schema(inner)}},
                }
                for name, inner in shape.shapes.items()
            ]
            return {**as_schema(shape.block), "allOf": kinds}
        case Either():
            return {"anyOf": [as_schema(shape.text), *map(as_schema, shape.blocks)]}
        case OneOrMore():
            return {"anyOf": [as_schema(shape.each), as_schema(Items(shape.each))]}
