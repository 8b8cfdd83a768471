"""The policy language of RAM, version "1": reading a document, and what its statements decide.

A request is allowed if some Allow statement covers it and no Deny statement does ("How RAM
evaluates policies"). Inferred: that elements which the page "Policy structure and syntax" does not
have are refused, so that a misspelt one cannot widen what is allowed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from infra.localcloud.core.conditions import Condition, Facts, parse_conditions
from infra.localcloud.core.globs import Glob, glob

Effect = Literal["Allow", "Deny"]
PrincipalKind = Literal["RAM", "Service", "Federated"]

VERSION = "1"
ASSUME_ROLE = "sts:AssumeRole"
_PERMISSION_ELEMENTS = {"Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
_TRUST_ELEMENTS = {"Effect", "Action", "Principal", "Condition"}
_PRINCIPAL_KINDS = ("RAM", "Service", "Federated")


class PolicyInvalid(ValueError):
    """A document that RAM would not take; the text says why."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """The values of Action or Resource, or with `is_negated` those of NotAction or NotResource."""

    globs: tuple[Glob, ...]
    is_negated: bool = False

    def cover(self, text: str) -> bool:
        """True if the element speaks of `text`."""
        return any(matches(text) for matches in self.globs) is not self.is_negated


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a permission policy."""

    effect: Effect
    actions: Patterns
    resources: Patterns
    conditions: tuple[Condition, ...]

    def covers(self, action: str, resource: str, facts: Facts) -> bool:
        """True if the statement speaks of this request."""
        return (
            self.actions.cover(action)
            and self.resources.cover(resource)
            and all(condition.holds(facts) for condition in self.conditions)
        )


@dataclass(frozen=True, slots=True)
class TrustStatement:
    """One statement of a role's trust policy: who may or may not assume the role."""

    effect: Effect
    actions: Patterns
    principals: frozenset[tuple[PrincipalKind, str]]
    conditions: tuple[Condition, ...]


Policy = tuple[Statement, ...]
TrustPolicy = tuple[TrustStatement, ...]


def is_allowed(policies: Iterable[Policy], action: str, resource: str, facts: Facts) -> bool:
    """True if a statement allows the request and none denies it."""
    effects = {
        statement.effect
        for policy in policies
        for statement in policy
        if statement.covers(action, resource, facts)
    }
    return effects == {"Allow"}


def is_trusted(
    policy: TrustPolicy, principals: Iterable[tuple[PrincipalKind, str]], facts: Facts
) -> bool:
    """True if the policy lets whoever goes by one of `principals` assume the role."""
    names = {(kind, name.lower()) for kind, name in principals}
    effects = {
        statement.effect
        for statement in policy
        if statement.actions.cover(ASSUME_ROLE)
        and not names.isdisjoint(statement.principals)
        and all(condition.holds(facts) for condition in statement.conditions)
    }
    return effects == {"Allow"}


@lru_cache(maxsize=1024)
def parse_policy(text: str) -> Policy:
    """The statements of a permission policy. Raises PolicyInvalid."""
    return tuple(_permission(element) for element in _statements(text, _PERMISSION_ELEMENTS))


@lru_cache(maxsize=1024)
def parse_trust(text: str) -> TrustPolicy:
    """The statements of a trust policy. Raises PolicyInvalid."""
    return tuple(_trust(element) for element in _statements(text, _TRUST_ELEMENTS))


# Any: a document's JSON, whose shape is checked element by element.
def _statements(text: str, known: set[str]) -> list[dict[str, Any]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise PolicyInvalid("the document is not JSON") from None
    if not isinstance(document, dict):
        raise PolicyInvalid("the document must be an object")
    _refuse_unknown(document, {"Version", "Statement"}, "the document")
    if document.get("Version") != VERSION:
        raise PolicyInvalid(f'Version must be "{VERSION}"')
    statements = document.get("Statement")
    if not isinstance(statements, list) or not statements:
        raise PolicyInvalid("Statement must be a list of statements")
    for statement in statements:
        if not isinstance(statement, dict):
            raise PolicyInvalid("a statement must be an object")
        _refuse_unknown(statement, known, "a statement")
    return statements


def _refuse_unknown(element: Mapping[str, object], known: set[str], where: str) -> None:
    for name in element:
        if name not in known:
            raise PolicyInvalid(f"{where} has no element {name}")


def _permission(statement: Mapping[str, Any]) -> Statement:
    resources, is_negated = _one_of(statement, "Resource", "NotResource")
    for resource in resources:
        # acs:<service>:<region>:<account>:<relative id>
        if resource != "*" and not (resource.startswith("acs:") and resource.count(":") >= 4):
            raise PolicyInvalid(f"Resource: {resource} is no resource name")
    return Statement(
        effect=_effect(statement),
        actions=_actions(statement),
        resources=Patterns(tuple(glob(each) for each in resources), is_negated),
        conditions=_conditions(statement),
    )


def _trust(statement: Mapping[str, Any]) -> TrustStatement:
    principal = statement.get("Principal")
    if not isinstance(principal, dict) or not principal:
        raise PolicyInvalid("Principal must be an object")
    principals: set[tuple[PrincipalKind, str]] = set()
    for kind in principal:
        if kind not in _PRINCIPAL_KINDS:
            raise PolicyInvalid(f"Principal has no element {kind}")
        # Role names compare in any case, so all do.
        principals |= {(kind, name.lower()) for name in _texts(principal, kind)}
    return TrustStatement(
        effect=_effect(statement),
        actions=_actions(statement),
        principals=frozenset(principals),
        conditions=_conditions(statement),
    )


def _effect(statement: Mapping[str, Any]) -> Effect:
    effect = statement.get("Effect")
    if effect == "Allow":
        return "Allow"
    if effect == "Deny":
        return "Deny"
    raise PolicyInvalid("Effect must be Allow or Deny")


def _actions(statement: Mapping[str, Any]) -> Patterns:
    actions, is_negated = _one_of(statement, "Action", "NotAction")
    for action in actions:
        if action != "*" and ":" not in action:
            raise PolicyInvalid(f"Action: {action} is not <service>:<operation>")
    # "The value of the Action element is generally case-insensitive" ("Permission policy elements")
    return Patterns(tuple(glob(each, ignores_case=True) for each in actions), is_negated)


def _conditions(statement: Mapping[str, Any]) -> tuple[Condition, ...]:
    try:
        return parse_conditions(statement.get("Condition", {}))
    except ValueError as error:
        raise PolicyInvalid(str(error)) from None


def _one_of(statement: Mapping[str, Any], name: str, negation: str) -> tuple[list[str], bool]:
    if (name in statement) == (negation in statement):
        raise PolicyInvalid(f"a statement must have either {name} or {negation}")
    is_negated = negation in statement
    return _texts(statement, negation if is_negated else name), is_negated


def _texts(element: Mapping[str, Any], name: str) -> list[str]:
    value = element[name]
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str) and each for each in values):
        raise PolicyInvalid(f"{name} must be a text or a list of texts")
    return values
