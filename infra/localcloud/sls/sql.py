"""The SQL part of a query, made ready for SQLite, and refused where the real service would.

SQLite forgives what the real engine (a Presto) does not: a column that is not there in double
quotes, a column that is neither grouped nor aggregated, text compared with a number. A query that
passes here is to pass there too, so these are found in the tokens beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from infra.localcloud.sls.errors import SlsRefused, not_here
from infra.localcloud.sls.index import FieldType

DEFAULT_LIMIT = 100
"""Rows of an answer without a `limit`, by the page "LIMIT clause"."""
AGGREGATES = (
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "count_if",
    "approx_percentile",
    "approx_distinct",
    "arbitrary",
    "max_by",
    "min_by",
)
_NUMERIC_ONLY = ("sum", "avg", "approx_percentile")
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")+")
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<symbol><>|!=|<=|>=|\|\||[-+*/%(),.<>=])
    )""",
    re.VERBOSE,
)
_CLAUSES = ("from", "where", "group", "having", "order", "limit")
_COMPARISONS = ("=", "<>", "!=", "<", "<=", ">", ">=", "like")
_KEYWORDS = re.compile(
    r"select|distinct|from|where|group|by|having|order|limit|as|and|or|not|"
    r"in|is|null|like|between|case|when|then|else|end|asc|desc|cast|true|"
    r"false|filter|over|partition|union|all|nulls|first|last|escape|exists|on|"
    r"join|left|inner|cross|double|bigint|integer|varchar|boolean"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word of SQL. kind: text, quoted, number, name or symbol. word: in lower case, a quoted
    name without its quotes. depth: of parentheses.
    """

    kind: str
    word: str
    raw: str
    depth: int

    @property
    def keyword(self) -> str:
        """The word, if it is not quoted; else ""."""
        return self.word if self.kind == "name" else ""

    @property
    def is_identifier(self) -> bool:
        """True for a name that is no keyword, quoted or not."""
        return self.kind == "quoted" or (self.kind == "name" and not _KEYWORDS.fullmatch(self.word))


@dataclass(frozen=True, slots=True)
class Statement:
    """What SQLite is to run. columns: the names of the answer's columns; None to take SQLite's."""

    sql: str
    columns: tuple[str | None, ...]


def prepare(sql: str, types: Mapping[str, FieldType], tables: Sequence[str]) -> Statement:
    """The statement for SQLite. types: of the columns, by lower-case name. tables: what `from` may
    name, the first of which SQLite knows. Raises SlsRefused with the engine's words where known.
    """
    tokens = _tokens(sql)
    if not tokens or tokens[0].keyword != "select":
        raise not_here("a statement that does not begin with select")
    _check_names(tokens, types, tables)
    _check_types(tokens, types)
    items = _items(tokens, "select")
    _check_groups(tokens, items, types)
    return Statement(_rewrite(tokens, tables), tuple(map(_column, items, range(len(items)))))


def failed(why: str) -> SlsRefused:
    """The refusal of a statement that cannot be carried out."""
    return SlsRefused("ParameterInvalid", f"syntax error, error after select. error detail: {why}")


def unresolved(column: str) -> SlsRefused:
    """The refusal of a column that is not there, or not analysable."""
    return SlsRefused(
        "ParameterInvalid",
        f"Column '{column}' cannot be resolved;please add the column in the index attribute",
    )


def _tokens(sql: str) -> list[Token]:
    if "\0" in sql:  # SQLite takes no such text
        raise failed("extraneous input '\\0'")
    tokens: list[Token] = []
    at, depth, end = 0, 0, len(sql.rstrip())
    while at < end:
        match = _TOKEN.match(sql, at, end)
        if match is None or match.lastgroup is None:
            raise failed(f"extraneous input {sql[at:].strip()[:1]!r}")
        raw = match[match.lastgroup]
        depth -= raw == ")"
        if depth < 0:
            raise failed("extraneous input ')'")
        word = raw[1:-1].replace('""', '"') if match.lastgroup == "quoted" else raw
        tokens.append(Token(match.lastgroup, word.lower(), raw, depth))
        depth += raw == "("
        at = match.end()
    if depth:
        raise failed("a parenthesis is not closed")
    return tokens


def _check_names(
    tokens: Sequence[Token], types: Mapping[str, FieldType], tables: Sequence[str]
) -> None:
    aliases = {token.word for token in _aliases(tokens)}
    for at, token in enumerate(tokens):
        if token.keyword == "select" and at and not _has_from(tokens, at):
            raise failed(
                "you are using nested sql, please specify FROM LogStore in the innermost sql"
            )
        if at and tokens[at - 1].keyword in ("from", "join") and token.word not in (*tables, "("):
            raise SlsRefused("ParameterInvalid", f"LogStore {token.word} does not exist")
        known = (*types, *aliases, *tables)
        if token.is_identifier and not _is_call(tokens, at) and token.word not in known:
            raise unresolved(token.word)


def _is_call(tokens: Sequence[Token], at: int) -> bool:
    is_before_opening = at + 1 < len(tokens) and tokens[at + 1].raw == "("
    return is_before_opening and tokens[at].kind == "name"


def _has_from(tokens: Sequence[Token], at: int) -> bool:
    depth = tokens[at].depth
    for token in tokens[at:]:
        if token.depth < depth:
            return False
        if token.depth == depth and token.keyword == "from":
            return True
    return False


def _aliases(tokens: Sequence[Token]) -> list[Token]:
    """The names that the statement itself gives: after `as`, or after an expression's end."""
    return [
        token
        for before, token in pairwise(tokens)
        if token.is_identifier and (before.keyword == "as" or _ends_expression(before))
    ]


def _ends_expression(token: Token) -> bool:
    is_value = token.is_identifier or token.kind in ("number", "text")
    return is_value or token.raw == ")" or token.keyword in ("end", "null", "true", "false")


def _check_types(tokens: Sequence[Token], types: Mapping[str, FieldType]) -> None:
    for left, comparison, right in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if comparison.word in _COMPARISONS and left.is_identifier and left.word in types:
            is_text = types[left.word] == "text"
            if (right.kind == "number" and is_text) or (right.kind == "text" and not is_text):
                kinds = ("varchar", "bigint") if is_text else ("bigint", "varchar")
                raise failed(f"'{comparison.raw}' cannot be applied to {kinds[0]}, {kinds[1]}")
    for function, opening, inner, after in zip(
        tokens, tokens[1:], tokens[2:], tokens[3:], strict=False
    ):
        is_call = function.word in _NUMERIC_ONLY and opening.raw == "("
        is_bare = inner.is_identifier and after.raw in (")", ",")
        if is_call and is_bare and types.get(inner.word) == "text":
            raise failed(f"Unexpected parameters (varchar) for function {function.word}")


def _items(tokens: Sequence[Token], clause: str) -> list[list[Token]]:
    """The parts of an outermost clause between its commas."""
    items: list[list[Token]] = []
    is_inside = False
    for token in tokens:
        if token.depth == 0 and token.keyword in ("select", *_CLAUSES):
            is_inside = token.keyword == clause
            if is_inside:
                items = [[]]
        elif is_inside and token.depth == 0 and token.raw == ",":
            items.append([])
        elif is_inside and token.keyword not in ("by", "distinct"):
            items[-1].append(token)
    return items


def _check_groups(
    tokens: Sequence[Token], items: Sequence[Sequence[Token]], types: Mapping[str, FieldType]
) -> None:
    groups = [_text(item) for item in _items(tokens, "group")]
    if not groups and not any(_is_aggregate(item) for item in items):
        return
    grouped_names = {group for group in groups if group in types}
    for number, item in enumerate(items, 1):
        expression, alias = _split_alias(item)
        if _is_aggregate(expression) or str(number) in groups:
            continue
        if _text(expression) in groups or (alias and alias.word in groups):
            continue
        names = {token.word for token in expression if token.is_identifier and token.word in types}
        if names - grouped_names:
            what = "must be an aggregate expression or appear in GROUP BY clause"
            raise failed(f"'{_text(expression)}' {what}")


def _is_aggregate(item: Sequence[Token]) -> bool:
    return any(token.word in AGGREGATES and after.raw == "(" for token, after in pairwise(item))


def _text(item: Sequence[Token]) -> str:
    return " ".join(token.word if token.kind != "text" else token.raw for token in item)


def _split_alias(item: Sequence[Token]) -> tuple[Sequence[Token], Token | None]:
    if len(item) > 1 and item[-1].is_identifier:
        if item[-2].keyword == "as":
            return item[:-2], item[-1]
        if _ends_expression(item[-2]):
            return item[:-1], item[-1]
    return item, None


def _column(item: Sequence[Token], number: int) -> str | None:
    """The answer's name for a column: its alias, its own, or as the engine numbers them."""
    expression, alias = _split_alias(item)
    named = alias or (expression[-1] if expression and expression[-1].is_identifier else None)
    if alias is None and len(expression) not in (1, 3):
        return f"_col{number}"
    if alias is None and len(expression) == 3 and expression[1].raw != ".":
        return f"_col{number}"
    if named is not None:
        return named.raw.strip('"')
    return None if expression and expression[-1].raw == "*" else f"_col{number}"


def _rewrite(tokens: Sequence[Token], tables: Sequence[str]) -> str:
    parts: list[str] = []
    clauses = [t.keyword for t in tokens if t.depth == 0 and t.keyword in _CLAUSES]
    has_from = "from" in clauses
    for at, token in enumerate(tokens):
        if not has_from and token.depth == 0 and token.keyword in _CLAUSES:
            parts.append(f"from {tables[0]}")
            has_from = True
        is_table = at > 0 and tokens[at - 1].keyword in ("from", "join") and token.word in tables
        is_name = token.kind == "name" and token.is_identifier and not _is_call(tokens, at)
        # In quotes, as SQLite keeps words for itself that the engine does not.
        raw = f'"{token.raw}"' if is_name else token.raw
        parts.append(tables[0] if is_table else raw)
    if not has_from:
        parts.append(f"from {tables[0]}")
    if "limit" not in clauses:
        parts.append(f"limit {DEFAULT_LIMIT}")
    return " ".join(parts)
