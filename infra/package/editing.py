"""Carries out edits.py on what an installer left, before it is compiled.

An edit whose text is not there exactly once ends the build. Changed files say so in their first
line, as their licences ask.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

from infra.package.edits import (
    DEFERRED_IMPORTS,
    DEFERRED_STUB,
    EDITS,
    LAZY_PACKAGES,
    REWRITTEN,
)
from infra.package.model import PackagingFailed

NOTICE = "# Changed by Sesame's packaging (infra/package/edits.py): imports less at its start.\n"

LAZY_LOOKUP = """

def __getattr__(name):
    from importlib import import_module

    if name in _PLACES:
        value = getattr(import_module(_PLACES[name], __name__), name)
    elif "." + name in _PLACES.values():
        value = import_module("." + name, __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value
"""


def edit_sources(site: Path) -> None:
    """Change the installed sources below `site`. Raises PackagingFailed if one is not as known."""
    texts: dict[str, str] = {}

    def text_of(file: str) -> str:
        return texts.get(file) or _read(site / file)

    for edit in EDITS:
        texts[edit.file] = _replace(text_of(edit.file), edit.old, edit.new, file=edit.file)
    for deferred in DEFERRED_IMPORTS:
        texts[deferred.file] = _replace(
            text_of(deferred.file),
            f"{deferred.statement}\n",
            f"from {DEFERRED_STUB} import Deferred as _Deferred; "
            f'{deferred.name} = _Deferred("{deferred.module}")\n',
            file=deferred.file,
        )
    for file in LAZY_PACKAGES:
        texts[file] = make_lazy(text_of(file), file=file)
    for file, text in REWRITTEN.items():
        _read(site / file)
        texts[file] = text
    for file, text in texts.items():
        # Aside and renamed: an installer may have linked the file into its cache.
        aside = (site / file).with_suffix(".edited")
        aside.write_text(_with_notice(text), encoding="utf-8")
        aside.replace(site / file)


def make_lazy(source: str, *, file: str) -> str:
    """The package's source without its imports from its own modules; a lookup finds their names.
    Raises PackagingFailed for a package that does more with them than to list them.
    """
    places: dict[str, str] = {}
    taken: list[ast.stmt] = []
    kept: list[ast.stmt] = []
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.ImportFrom) and statement.level == 1 and statement.module:
            places.update({alias.name: f".{statement.module}" for alias in statement.names})
            taken.append(statement)
        elif isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
            taken.append(statement)  # generated models list the classes, not their names
        else:
            kept.append(statement)
    uses = {node.id for each in kept for node in ast.walk(each) if isinstance(node, ast.Name)}
    renamed = (
        {alias.asname for each in taken if isinstance(each, ast.ImportFrom) for alias in each.names}
        - {None}
        - places.keys()
    )
    if not places or "*" in places or renamed or uses & places.keys():
        raise PackagingFailed(f"{file} cannot be made lazy: it does more than gather names")
    lines = source.splitlines(keepends=True)
    for statement in taken:
        for number in range(statement.lineno - 1, statement.end_lineno or statement.lineno):
            lines[number] = ""
    return (
        "".join(lines) + f"\n_PLACES = {_literal(places)}\n__all__ = list(_PLACES)\n" + LAZY_LOOKUP
    )


def _literal(places: Mapping[str, str]) -> str:
    return "{\n" + "".join(f"    {name!r}: {at!r},\n" for name, at in places.items()) + "}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PackagingFailed(f"{path.name} of edits.py is not in what was installed") from None


def _replace(text: str, old: str, new: str, *, file: str) -> str:
    if text.count(old) != 1:
        raise PackagingFailed(f"{file} is not as edits.py knows it: {old.strip()[:60]!r}")
    return text.replace(old, new)


def _with_notice(text: str) -> str:
    # Behind a coding line, which counts only among the first two.
    first, _, rest = text.partition("\n")
    return f"{first}\n{NOTICE}{rest}" if "coding" in first else NOTICE + text
