"""Budgets as a deployment states them.

{"shop": {"day": {"cny": 100, "messages": 1000}, "month": {"cny": 2000},
          "templates": {"ship_update": {"day": {"messages": 500}}}}}
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.budget.model import Cap, Limits
from shared.errors import SettingsInvalid

_Tenant = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
_Name = Annotated[str, Field(min_length=1, max_length=64)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Cap(_Model):
    cny: Annotated[Decimal, Field(ge=0, le=10**12, decimal_places=3)] | None = None
    messages: Annotated[int, Field(ge=0, le=10**12)] | None = None

    def value(self) -> Cap:
        return Cap(None if self.cny is None else int(self.cny * 1000), self.messages)


class _Periods(_Model):
    day: _Cap = _Cap()
    month: _Cap = _Cap()


class _Budget(_Periods):
    templates: dict[_Name, _Periods] = {}


_BUDGETS = TypeAdapter(dict[_Tenant, _Budget])


def parse_budgets(text: str) -> Mapping[str, Limits]:
    """The limits by tenant; none for an empty text. Raises SettingsInvalid naming what is wrong."""
    if not text.strip():
        return {}
    try:
        budgets = _BUDGETS.validate_json(text)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)
        raise SettingsInvalid(
            "; ".join(
                ".".join(["BUDGETS", *(str(part) for part in problem["loc"])])
                + f": {problem['msg']}"
                for problem in problems
            )
        ) from None
    return {
        tenant: Limits(
            budget.day.value(),
            budget.month.value(),
            {
                name: Limits(periods.day.value(), periods.month.value())
                for name, periods in budget.templates.items()
            },
        )
        for tenant, budget in budgets.items()
    }
