"""From the file to plain values: the base file below it, the templates below its resources, and
every expression evaluated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from infra.serverless_devs.expressions import (
    Call,
    Expression,
    ExpressionInvalid,
    Literal,
    NotYetKnown,
    Reference,
    expand,
)
from infra.serverless_devs.problems import UNKNOWN, Problems, Unknown, Where
from infra.serverless_devs.source import Source


def overlay(base: object, top: object) -> object:
    """`top` over `base`: mappings merge key by key, anything else, a list too, replaces."""
    if not isinstance(base, dict) or not isinstance(top, dict):
        return top
    return base | {key: overlay(base.get(key, {}), value) for key, value in top.items()}


def with_base_file(
    source: Source, folder: Path, problems: Problems, *, below: tuple[str, ...] = ()
) -> dict[str, object]:
    """The file's data over that of the file which its top-level `extend` names."""
    data = source.data
    base = data.get("extend")
    if not isinstance(base, str):
        return data
    if not (folder / base).is_file() or base in below:
        problems.add(("extend",), f"there is no file {base} that is not extended already")
        return data
    lower = with_base_file(Source(folder / base), folder, problems, below=(*below, base))
    merged = overlay(lower, data)
    return merged if isinstance(merged, dict) else data


def with_templates(data: dict[str, object], problems: Problems) -> dict[str, object]:
    """The resources of `data`, each over the template that its own `extend` names."""
    templates = _mapping(data.get("template"))
    resources: dict[str, object] = {}
    for name, resource in _mapping(data.get("resources")).items():
        resources[name] = resource
        if isinstance(resource, dict) and resource.get("extend") is not None:
            base = _template(templates, resource["extend"], ("resources", name), problems)
            resources[name] = resource | {"props": overlay(base, resource.get("props", {}))}
    return resources


def _template(
    templates: dict[str, object], extend: object, where: Where, problems: Problems
) -> dict[str, object]:
    name = _mapping(extend).get("name")
    if not isinstance(name, str) or name not in templates:
        problems.add((*where, "extend", "name"), f"there is no template {name!r}")
        return {}
    ignored = _mapping(extend).get("ignore") or []
    keys = ignored if isinstance(ignored, list) else [ignored]
    return {key: value for key, value in _mapping(templates[name]).items() if key not in keys}


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


class Renderer:
    """Evaluates the expressions of one file; what cannot be evaluated is noted as a problem."""

    def __init__(
        self,
        data: Mapping[str, object],
        *,
        folder: Path,
        environment: Mapping[str, str],
        account_id: str | None,
        problems: Problems,
    ) -> None:
        self._data = data
        self._folder = folder
        self._environment = environment
        self._account_id = account_id
        self._problems = problems
        self._open: list[Where] = []  # references being followed, to see a circle

    def render(self, value: object, where: Where) -> object:
        """`value` without expressions; UNKNOWN in the place of each that is a problem."""
        if isinstance(value, dict):
            return {key: self.render(item, (*where, str(key))) for key, item in value.items()}
        if isinstance(value, list):
            return [self.render(item, (*where, str(index))) for index, item in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        try:
            return expand(value, lambda expression: self._known(expression, where))
        except _PartUnknown:
            return UNKNOWN
        except ExpressionInvalid as error:
            self._problems.add(where, str(error))
            return UNKNOWN

    def _known(self, expression: Expression, where: Where) -> object:
        value = self._evaluate(expression, where)
        if isinstance(value, Unknown):
            raise _PartUnknown
        return value

    def _evaluate(self, expression: Expression, where: Where) -> object:
        match expression:
            case Literal(value):
                return value
            case Reference(path):
                return self._follow(path, where)
            case Call(name, arguments):
                if name not in _CALLS or not arguments:
                    raise ExpressionInvalid(f"{name}() is not a call that this reader knows")
                values = [str(self._known(argument, where)) for argument in arguments]
                return _CALLS[name](self, *values[:2])

    def _follow(self, path: Where, where: Where) -> object:
        shown = ".".join(path)
        match path:
            case ("vars", *_):
                target = path
            case ("this", *rest) if where[0] == "resources":
                target = (*where[:2], *rest)
            case ("resources", _, "props", *_):
                target = path
            case ("resources", _, "output", *_):
                raise NotYetKnown
            case _:
                raise ExpressionInvalid(f"{shown} is not a reference that this reader knows")
        if target in self._open:
            raise ExpressionInvalid(f"{shown} refers to itself")
        self._open.append(target)
        try:
            return self.render(self._raw(target, shown), target)
        finally:
            self._open.pop()

    def _raw(self, target: Where, shown: str) -> object:
        value: object = self._data
        for key in target:
            if isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            elif isinstance(value, dict) and key in value:
                value = value[key]
            else:
                raise ExpressionInvalid(f"{shown} is not there")
        return value

    def _env(self, name: str, default: str | None = None) -> str:
        # The tool takes an empty variable for a missing one.
        value = self._environment.get(name) or default
        if value is None:
            raise ExpressionInvalid(f"env('{name}') is not set and has no default")
        return value

    def _config(self, name: str, _: str = "") -> str:
        if name == "AccountID" and self._account_id:
            return self._account_id
        raise NotYetKnown

    def _json(self, text: str, _: str = "") -> object:
        try:
            return json.loads(text)
        except ValueError as error:
            raise ExpressionInvalid(f"json({text!r}): {error}") from error

    def _path(self, path: str, _: str = "") -> str:
        target = (self._folder / path).resolve()
        if not target.exists():
            raise ExpressionInvalid(f"path('{path}') does not exist")
        return str(target)

    def _file(self, path: str, _: str = "") -> str:
        try:
            return (self._folder / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ExpressionInvalid(f"file('{path}') cannot be read") from error


class _PartUnknown(Exception):
    """An expression is built on one that was reported already."""


_CALLS = {
    "env": Renderer._env,
    "config": Renderer._config,
    "json": Renderer._json,
    "path": Renderer._path,
    "file": Renderer._file,
}
