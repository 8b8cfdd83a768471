"""The `${...}` language of Serverless Devs 3: calls, references and texts, one inside another.

A value that is one expression keeps the expression's type; inside a longer text it becomes text.
Only the forms of the Serverless Devs documentation are known, not the JavaScript behind them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'[^']*'|"[^"]*")|(?P<number>-?\d+(?:\.\d+)?)"""
    r"""|(?P<name>[A-Za-z_][\w-]*(?:\.[\w-]+)*)|(?P<sign>[(),]))\s*"""
)
_SPAN = re.compile(r"""\$\{((?:[^{}'"]|'[^']*'|"[^"]*")*)\}""")


class ExpressionInvalid(ValueError):
    """An expression that is misspelled, or whose value is missing."""


class NotYetKnown(Exception):
    """An expression whose value only a deployment knows."""


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A dotted path: `vars.region`."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a number as written."""

    value: str | int | float


Expression = Call | Reference | Literal
Evaluate = Callable[[Expression], object]


def expand(text: str, evaluate: Evaluate) -> object:
    """The text with its expressions evaluated. Raises ExpressionInvalid for the first bad one."""
    whole = _SPAN.fullmatch(text)
    if whole:
        return _value(whole, evaluate)
    if "${" in _SPAN.sub("", text):
        raise ExpressionInvalid("${ is not closed, or holds another ${")
    return _SPAN.sub(lambda span: _as_text(_value(span, evaluate)), text)


def parse(code: str) -> Expression:
    """The expression between the braces. Raises ExpressionInvalid if it is none."""
    tokens = list(_tokens(code))
    expression, rest = _expression(tokens, code)
    if rest:
        raise ExpressionInvalid(f"{code!r} is not an expression that this reader knows")
    return expression


def _value(span: re.Match[str], evaluate: Evaluate) -> object:
    try:
        return evaluate(parse(span.group(1)))
    except NotYetKnown:
        return span.group(0)


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _tokens(code: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(code):
        match = _TOKEN.match(code, position)
        if match is None or match.lastgroup is None:
            raise ExpressionInvalid(f"{code!r} is not an expression that this reader knows")
        yield match.lastgroup, match[match.lastgroup]
        position = match.end()


def _expression(
    tokens: list[tuple[str, str]], code: str
) -> tuple[Expression, list[tuple[str, str]]]:
    match tokens:
        case [("text", text), *rest]:
            return Literal(text[1:-1]), rest
        case [("number", number), *rest]:
            return Literal(float(number) if "." in number else int(number)), rest
        case [("name", name), ("sign", "("), *rest]:
            arguments: list[Expression] = []
            while rest and rest[0] != ("sign", ")"):
                argument, rest = _expression(rest, code)
                arguments.append(argument)
                if rest and rest[0] == ("sign", ","):
                    rest = rest[1:]
            if not rest:
                raise ExpressionInvalid(f"{code!r} lacks a closing parenthesis")
            return Call(name, tuple(arguments)), rest[1:]
        case [("name", name), *rest]:
            return Reference(tuple(name.split("."))), rest
    raise ExpressionInvalid(f"{code!r} is not an expression that this reader knows")
