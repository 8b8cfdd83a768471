"""Reads the local cloud's own source: the codes that it can answer with, the parameters that it
reads, and what it says of itself to be inferred.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_TABLE = re.compile(r"_?[A-Z_]*(?:ERRORS|CODES)")
_CODE = re.compile(
    r"(?:isv|isp)\.[A-Z_]+|[A-Z][A-Za-z]+(?:[.:][A-Za-z]+)*|[a-z_]+_illegal|QPS_[A-Z_]+"
)
_REFUSAL = re.compile(r"(?:[A-Z][A-Za-z]*Refused|OtsError|refused?|malformed|invalid)")
_SENTENCE_END = re.compile(r"(?<=[.)])\s+(?=[A-Z`])")


@dataclass(frozen=True, slots=True)
class Codes:
    """The error codes of a service: those that a rule gives, and those in its tables alone."""

    by_rule: tuple[str, ...]
    by_fault: tuple[str, ...]


def files_of(folder: str) -> list[Path]:
    """The modules of a part of the local cloud, generated ones left out."""
    return [path for path in sorted((ROOT / folder).glob("*.py")) if "_pb2" not in path.name]


def codes_of(folder: str) -> Codes:
    """The codes in the tables of a service, and those that its code, or the core, refuses with."""
    tables = {code for path in files_of(folder) for code in _table_codes(path)}
    known = tables | {code for path in files_of("core") for code in _table_codes(path)}
    by_rule: set[str] = set()
    for path in files_of(folder):
        by_rule |= _named(path)[0] & known | set(_refusals(path))
    for path in (*files_of(folder), *files_of("core")):
        forms = _named(path)[1]
        by_rule |= {code for code in tables if any(form.fullmatch(code) for form in forms)}
    by_rule |= {code for path in files_of("core") for code in _refusals(path)} & tables
    return Codes(tuple(sorted(by_rule)), tuple(sorted(tables - by_rule)))


def texts_of(folder: str) -> set[str]:
    """Every string constant of a service's code: a parameter that is read is among them."""
    found: set[str] = set()
    for path in files_of(folder):
        for node in ast.walk(_parsed(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def inferences_of(folder: str) -> list[tuple[str, str]]:
    """What the modules call inferred: module and sentence, in the order of the text."""
    found = []
    for path in files_of(folder):
        for remark in _remarks(path.read_text(encoding="utf-8")):
            for sentence in _SENTENCE_END.split(remark):
                if "inferred" in sentence.lower():
                    found.append((path.stem, sentence.strip()))
    return found


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _tables(path: Path) -> Iterator[ast.Dict]:
    for node in _parsed(path).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        value = getattr(node, "value", None)
        if isinstance(value, ast.Dict) and any(_TABLE.fullmatch(name) for name in names):
            yield value


def _table_codes(path: Path) -> Iterator[str]:
    return (code for table in _tables(path) for key in table.keys if (code := _code(key)))


def _named(path: Path) -> tuple[set[str], list[re.Pattern[str]]]:
    """The codes that a module names outside of its tables, and the forms that it fills in."""
    tree = _parsed(path)
    apart = {id(key) for table in _tables(path) for key in table.keys} | set(_docstrings(tree))
    named, patterns = set(), []
    for node in ast.walk(tree):
        if id(node) not in apart and (code := _code(node)):
            named.add(code)
        if isinstance(node, ast.JoinedStr):
            parts = [each.value if isinstance(each, ast.Constant) else None for each in node.values]
            if any(isinstance(part, str) and part[:1].isupper() for part in parts):
                form = "".join(
                    "[A-Za-z]+" if part is None else re.escape(str(part)) for part in parts
                )
                patterns.append(re.compile(form))
    return named, patterns


def _refusals(path: Path) -> Iterator[str]:
    """The first arguments of what refuses: `SmsRefused("isv.…")`."""
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            text = _code(node.args[0])
            if text and _REFUSAL.fullmatch(node.func.id):
                yield text


def _code(node: ast.AST | None) -> str:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    text = node.value if is_text and isinstance(node, ast.Constant) else ""
    return text if isinstance(text, str) and _CODE.fullmatch(text) else ""


def _docstrings(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)


def _remarks(source: str) -> Iterator[str]:
    """Docstrings, and comments that run over lines as one, each on one line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield " ".join(str(node.value.value).split())
    block: list[str] = []
    last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if block and token.start[0] != last + 1:
            yield " ".join(block)
            block = []
        block.append(token.string.lstrip("# ").strip())
        last = token.start[0]
    if block:
        yield " ".join(block)
