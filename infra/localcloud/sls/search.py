"""The search part of a query, before the `|`: read into a tree, and asked of one log at a time.

What is known here, of the page "Search syntax" (all else is refused with ParameterInvalid):

    *                       every log
    word, a,b               full text: what the delimiters leave must all be words of the log
    "two words"             the same, for text with blanks, colons or operators in it
    fail*  f?il             the rest of a word, or one letter; not as the first letter
    field: word             as above, in one field; field: * if the log has the field at all
    field >= 5, field = 5   >, >=, <, <=, = for fields of type long and double; also field: 5
    field in [1 5)          a range, each end in or out
    and, or, not, ( )       not binds most, then and, then or; two conditions side by side are `and`

Operators are of any case. At most 30 conditions, as the page asks for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from infra.localcloud.sls.errors import SlsRefused

CONDITIONS_LIMIT = 30
NESTING_LIMIT = 30
Comparison = Literal["=", ">", ">=", "<", "<="]
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted>"(?:[^"\\]|\\.)*")
      | (?P<symbol>>=|<=|[()\[\]:<>=])
      | (?P<word>[^\s()\[\]:<>="|]+)
    )""",
    re.VERBOSE,
)
_OPERATORS = ("and", "or", "not")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_COMPARISONS: tuple[Comparison, ...] = ("=", ">", ">=", "<", "<=")


@dataclass(frozen=True, slots=True)
class Everything:
    """Every log."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words anywhere, or in one field. is_quoted: wildcards and operators in it are mere text."""

    text: str
    field: str = ""
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class Exists:
    """The log has the field."""

    field: str


@dataclass(frozen=True, slots=True)
class Bound:
    """A number field, compared."""

    field: str
    operator: Comparison
    number: float


@dataclass(frozen=True, slots=True)
class Not:
    """What the part does not match."""

    part: Node


@dataclass(frozen=True, slots=True)
class AllOf:
    """What every part matches."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """What some part matches."""

    parts: tuple[Node, ...]


Node = Everything | Words | Exists | Bound | Not | AllOf | AnyOf


def split_query(query: str) -> tuple[str, str]:
    """The search and the SQL of a query, which the first `|` outside of quotes parts."""
    is_quoted = is_escaped = False
    for at, letter in enumerate(query):
        if is_escaped:
            is_escaped = False
        elif letter == "\\":
            is_escaped = is_quoted
        elif letter == '"':
            is_quoted = not is_quoted
        elif letter == "|" and not is_quoted:
            return query[:at], query[at + 1 :]
    return query, ""


def read_search(text: str) -> Node:
    """The tree of a search. Raises SlsRefused, naming what is wrong."""
    if not text.strip():
        return Everything()
    reader = _Reader(_tokens(text))
    node = reader.either(depth=0)
    if reader.next() is not None:
        raise wrong(f"unexpected {reader.next()!r}")
    return node


def wrong(why: str) -> SlsRefused:
    """The refusal of a search that cannot be read."""
    return SlsRefused("ParameterInvalid", f"parse search query error: {why}")


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at, end)
        if match is None:
            raise wrong(f"unexpected {text[at:].strip()[:1]!r}")
        tokens.append(match[0].strip())
        at = match.end()
    return tokens


class _Reader:
    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._condition_count = 0

    def next(self) -> str | None:
        """The token to come, or None at the end."""
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def either(self, *, depth: int) -> Node:
        """Parts joined by `or`."""
        if depth > NESTING_LIMIT:
            raise wrong(f"more than {NESTING_LIMIT} parentheses in each other")
        parts = [self._both(depth)]
        while self._takes("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _both(self, depth: int) -> Node:
        parts = [self._negated(depth)]
        while self.next() is not None and self.next() != ")" and not self._sees("or"):
            self._takes("and")
            parts.append(self._negated(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _negated(self, depth: int) -> Node:
        is_negated = False
        while self._takes("not"):
            is_negated = not is_negated
        node = self._single(depth)
        return Not(node) if is_negated else node

    def _single(self, depth: int) -> Node:
        part = self._pop()
        if part == "(":
            node = self.either(depth=depth + 1)
            if self._pop() != ")":
                raise wrong("a parenthesis is not closed")
            return node
        self._condition_count += 1
        if self._condition_count > CONDITIONS_LIMIT:
            raise wrong(f"more than {CONDITIONS_LIMIT} conditions")
        text, is_quoted = self._text(part)
        if self.next() == ":":
            self._pop()
            return self._in_field(text)
        for comparison in _COMPARISONS:
            if self.next() == comparison:
                self._pop()
                return Bound(text, comparison, self._number(self._pop()))
        if self._sees("in") and self._tokens[self._at + 1 : self._at + 2] in (["["], ["("]):
            return self._range(text)
        if part == "*":
            return Everything()
        return Words(_word(text, is_quoted), is_quoted=is_quoted)

    def _in_field(self, field: str) -> Node:
        part = self._pop()
        if part == "*":
            return Exists(field)
        if part == "(":
            raise wrong("a field takes one value; write field: a or field: b")
        text, is_quoted = self._text(part)
        return Words(_word(text, is_quoted), field, is_quoted)

    def _range(self, field: str) -> Node:
        self._pop()
        low_operator: Comparison = ">=" if self._pop() == "[" else ">"
        low, high = self._number(self._pop()), self._number(self._pop())
        closing = self._pop()
        if closing not in ("]", ")"):
            raise wrong("a range is not closed")
        high_operator: Comparison = "<=" if closing == "]" else "<"
        return AllOf((Bound(field, low_operator, low), Bound(field, high_operator, high)))

    def _text(self, part: str) -> tuple[str, bool]:
        if part.startswith('"'):
            return re.sub(r"\\(.)", r"\1", part[1:-1], flags=re.DOTALL), True
        if part in "()[]:<>=" or part in (">=", "<=") or part.lower() in _OPERATORS:
            raise wrong(f"unexpected {part!r}")
        return part, False

    def _number(self, token: str) -> float:
        token = token.rstrip(",")  # the older form of a range: in [1, 5]
        if not _NUMBER.fullmatch(token):
            raise wrong(f"{token!r} is not a number")
        return float(token)

    def _pop(self) -> str:
        token = self.next()
        if token is None:
            raise wrong("it ends in the middle")
        self._at += 1
        return token

    def _sees(self, operator: str) -> bool:
        token = self.next()
        return token is not None and token.lower() == operator

    def _takes(self, operator: str) -> bool:
        if self._sees(operator):
            self._at += 1
            return True
        return False


def _word(text: str, is_quoted: bool) -> str:
    if not is_quoted and text[0] in "*?":
        raise wrong(f"{text!r} begins with a wildcard")
    return text
