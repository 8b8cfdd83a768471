"""The catalogue, its checks and its prices as the one thing that a use case asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.errors import FieldProblem
from shared.phone import PhoneNumber
from shared.template import Template
from shared.templates.params import check_params
from shared.templates.prices import Cost, Prices, cost_of


@dataclass(frozen=True, slots=True)
class TemplateBook:
    """What may be said, and what it costs. prices: None for the examples that are shipped."""

    templates: Mapping[str, Template]
    prices: Prices | None = None

    def get(self, name: str) -> Template | None:
        """The template of that name."""
        return self.templates.get(name)

    def problems(self, template: Template, params: Mapping[str, str]) -> Sequence[FieldProblem]:
        """What is wrong with the values; quotes none."""
        return check_params(template, params)

    def cost(
        self, template: Template, params: Mapping[str, str], phone: PhoneNumber, locale: str | None
    ) -> Cost:
        """What one SMS of it costs. `params` have no problems."""
        return cost_of(template, params, phone, locale, prices=self.prices)
