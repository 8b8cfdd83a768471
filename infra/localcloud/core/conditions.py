"""The Condition element of a RAM policy: the operators of the page "Conditional operators".

What cannot be decided - a fact that the request does not have, or one that cannot be read as the
operator's type - does not hold, whichever way the operator asks (inferred: no page says).
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from infra.localcloud.core.globs import glob

Facts = Mapping[str, str]
"""What is known of a request, by condition key: acs:SourceIp, acs:CurrentTime (ISO 8601),
acs:SecureTransport ("true" or "false").
"""

# object: each operator reads its facts and its values into a type of its own.
Reader = Callable[[str], object]
Comparison = Callable[..., bool]


@dataclass(frozen=True, slots=True)
class Operator:
    """How a fact is compared with each value; `is_negated` asks that it match none of them."""

    read_fact: Reader
    read_value: Reader
    compare: Comparison
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator. Values are alternatives; conditions must all hold."""

    operator: Operator
    key: str
    values: tuple[object, ...]

    def holds(self, facts: Facts) -> bool:
        """True if the fact is known, readable, and as the operator asks."""
        text = facts.get(self.key)
        if text is None:
            return False
        try:
            fact = self.operator.read_fact(text)
        except ValueError:
            return False
        matches = any(self.operator.compare(fact, value) for value in self.values)
        return matches is not self.operator.is_negated


def parse_conditions(block: object) -> tuple[Condition, ...]:
    """The conditions of a Condition element. Raises ValueError with what is wrong."""
    if not isinstance(block, dict):
        raise ValueError("Condition must be an object of operators")
    conditions = []
    for name, tests in block.items():
        known = OPERATORS.get(name)
        if known is None:
            raise ValueError(f"Condition: there is no operator {name}")
        if not isinstance(tests, dict) or not tests:
            raise ValueError(f"Condition.{name} must be an object of condition keys")
        for key, values in tests.items():
            texts = [_scalar(value) for value in (values if isinstance(values, list) else [values])]
            if not texts:
                raise ValueError(f"Condition.{name}.{key} has no value")
            try:
                read = tuple(known.read_value(text) for text in texts)
            except ValueError:
                raise ValueError(f"Condition.{name}.{key} has a value of another type") from None
            conditions.append(Condition(known, key, read))
    return tuple(conditions)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ValueError("a Condition's value must be a text, a number or a boolean")


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("no boolean")
    return text.lower() == "true"


def _date(text: str) -> datetime:
    date = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    if date.tzinfo is None:
        raise ValueError("a date without its offset")
    return date


def _network(text: str) -> object:
    return ipaddress.ip_network(text, strict=False)


def _is_within(address: object, network: object) -> bool:
    return isinstance(network, (ipaddress.IPv4Network, ipaddress.IPv6Network)) and (
        address in network
    )


def _fits(text: str, pattern: Comparison) -> bool:
    return pattern(text)


def _ordered(kind: str, read: Reader) -> dict[str, Operator]:
    comparisons = {
        "Equals": operator.eq,
        "LessThan": operator.lt,
        "LessThanEquals": operator.le,
        "GreaterThan": operator.gt,
        "GreaterThanEquals": operator.ge,
    }
    known = {kind + name: Operator(read, read, each) for name, each in comparisons.items()}
    return {**known, f"{kind}NotEquals": Operator(read, read, operator.eq, is_negated=True)}


OPERATORS: Mapping[str, Operator] = {
    "StringEquals": Operator(str, str, operator.eq),
    "StringNotEquals": Operator(str, str, operator.eq, is_negated=True),
    "StringEqualsIgnoreCase": Operator(str.lower, str.lower, operator.eq),
    "StringNotEqualsIgnoreCase": Operator(str.lower, str.lower, operator.eq, is_negated=True),
    "StringLike": Operator(str, glob, _fits),
    "StringNotLike": Operator(str, glob, _fits, is_negated=True),
    **_ordered("Numeric", float),
    **_ordered("Date", _date),
    "Bool": Operator(_boolean, _boolean, operator.eq),
    "IpAddress": Operator(ipaddress.ip_address, _network, _is_within),
    "NotIpAddress": Operator(ipaddress.ip_address, _network, _is_within, is_negated=True),
}
