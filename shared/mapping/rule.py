"""A rule as its file has it, checked whole and compiled once: a bad path is found at the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import jmespath  # type: ignore[import-untyped]
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.errors import SettingsInvalid

RULES = Path(__file__).parent / "rules"
_SCALARS = (str, int, float, bool)


def _compilable(path: str) -> str:
    try:
        jmespath.compile(path)
    except JMESPathError:
        raise ValueError("not a JMESPath expression") from None
    return path


JmesPath = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_compilable)]
Names = Annotated[str, Field(min_length=1)] | Annotated[tuple[str, ...], Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Match(_Strict):
    source: Names
    type: Names


class _Param(_Strict):
    """A constant, or what stands at a path; `values` puts other words in its place."""

    path: JmesPath | None = None
    value: str | None = None
    values: Mapping[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _either(self) -> _Param:
        if (self.path is None) == (self.value is None) or (self.values and self.path is None):
            raise ValueError("either a path, perhaps with values, or a value")
        return self


class _RuleFile(_Strict):
    name: str = Field(pattern=r"^[a-z0-9_]{1,64}$")
    match: _Match
    tenant: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    template: str = Field(pattern=r"^[a-z0-9_]{1,64}$")
    to: JmesPath
    params: Mapping[str, _Param]
    dedupe_key: JmesPath


@dataclass(frozen=True, slots=True)
class MappingFailed(Exception):
    """An event that a rule matches and cannot map; the reason names the rule and the field, and
    nothing that the event holds.
    """

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True, repr=False)
class MappedNotification:
    """What is to be sent. `to` is as the event has it, and not yet known to be a phone.

    dedupe_key: one key, one notification, however often the event comes. send_at: None is now.
    """

    tenant: str
    to: str
    template: str
    params: Mapping[str, str]
    dedupe_key: str
    send_at: int | None = None


class Rule:
    """One rule, ready to use."""

    def __init__(self, file: _RuleFile) -> None:
        self.name = file.name
        self._file = file
        self._sources = frozenset(_names(file.match.source))
        self._types = frozenset(_names(file.match.type))
        paths = {file.to, file.dedupe_key} | {
            param.path for param in file.params.values() if param.path is not None
        }
        self._compiled = {path: jmespath.compile(path) for path in paths}

    def matches(self, event: Mapping[str, object]) -> bool:
        """Whether the rule is for this event, by its source and type alone."""
        source, kind = event.get("source"), event.get("type")
        return (
            isinstance(source, str)
            and isinstance(kind, str)
            and source in self._sources
            and kind in self._types
        )

    def apply(self, event: Mapping[str, object]) -> MappedNotification:
        """The notification for an event that matches. Raises MappingFailed."""
        return MappedNotification(
            tenant=self._file.tenant,
            to=self._text(event, "to", self._file.to),
            template=self._file.template,
            params={
                name: self._param(event, name, param) for name, param in self._file.params.items()
            },
            dedupe_key=f"{self.name}:{self._text(event, 'dedupe_key', self._file.dedupe_key)}",
        )

    def _param(self, event: Mapping[str, object], name: str, param: _Param) -> str:
        if param.path is None:
            return param.value or ""
        text = self._text(event, f"params.{name}", param.path)
        if not param.values:
            return text
        if text not in param.values:
            raise MappingFailed(f"{self.name}: {name} has a value that is not in its list")
        return param.values[text]

    def _text(self, event: Mapping[str, object], field: str, path: str) -> str:
        try:
            found: Any = self._compiled[path].search(event)  # Any: JSON
        except (JMESPathError, TypeError, ValueError, RecursionError):
            raise MappingFailed(f"{self.name}: {field} cannot be evaluated") from None
        if not isinstance(found, _SCALARS) or found == "":
            raise MappingFailed(f"{self.name}: {field} is missing or no text")
        if isinstance(found, bool):
            return "true" if found else "false"
        return str(found)


def read_rule(text: str | bytes, *, name: str) -> Rule:
    """The rule in a file's text. Raises SettingsInvalid naming `name` and what is wrong."""
    try:
        return Rule(_RuleFile.model_validate_json(text))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise SettingsInvalid(f"mapping {name}: {wrong}") from None


def read_rules(folder: Path = RULES) -> tuple[Rule, ...]:
    """The rules of a folder, by file name. Raises SettingsInvalid for a bad one, and for a name
    that stands twice.
    """
    rules: dict[str, Rule] = {}
    for file in sorted(folder.glob("*.json")):
        rule = read_rule(file.read_bytes(), name=file.name)
        if rule.name in rules:
            raise SettingsInvalid(f"mapping {file.name}: another rule is called {rule.name}")
        rules[rule.name] = rule
    return tuple(rules.values())


def _names(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names
