"""Which figures an address asks for, checked."""

from __future__ import annotations

from dataclasses import dataclass

from shared.console.columns import BY_KEY
from shared.console.figures_table import BY_NAME, USUAL_SORT
from shared.console.page import Visit
from shared.console.ranges import TimeRange, time_range
from shared.errors import FieldProblem, Forbidden, RequestInvalid
from shared.rollup.views import EVERYONE, Dimension

_OWN_DIMENSIONS: tuple[Dimension, ...] = ("country", "prefix", "template", "channel")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, repr=False)
class Ask:
    """All of it good but `only`, which may be any name at all. only: of `group`; "" for all."""

    time: TimeRange
    tenant: str
    group: Dimension = "country"
    only: str = ""
    sort: str = USUAL_SORT
    is_ascending: bool = False
    is_whole: bool = False

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """By what there may be a table."""
        return (*_OWN_DIMENSIONS, "tenant") if self.tenant == EVERYONE else _OWN_DIMENSIONS

    @property
    def query(self) -> dict[str, str]:
        """The same, as an address says it."""
        is_usual = self.sort == USUAL_SORT and not self.is_ascending
        return {
            **self.time.query,
            "tenant": self.tenant,
            "group": self.group,
            "only": self.only,
            "sort": "" if is_usual else self.sort,
            "order": "up" if self.is_ascending else "",
            "rows": "all" if self.is_whole else "",
        }


def ask_of(visit: Visit) -> Ask:
    """What the visit asks for. Raises Forbidden for a tenant that the visitor does not see, and
    RequestInvalid for a range that is none.
    """
    query, tenant = visit.query, tenant_of(visit)
    ask = Ask(time_range(query, visit.now_ms), tenant)
    group = next((each for each in ask.dimensions if each == query.get("group")), None)
    if group is None and query.get("group"):
        raise RequestInvalid(FieldProblem("group", "unknown"))
    sort = query.get("sort") or USUAL_SORT
    if sort not in BY_KEY and sort != BY_NAME:
        raise RequestInvalid(FieldProblem("sort", "unknown"))
    return Ask(
        ask.time,
        tenant,
        group or ask.dimensions[0],
        query.get("only", "")[:_LONGEST_NAME],
        sort,
        query.get("order") == "up",
        query.get("rows") == "all",
    )


def usual_ask(visit: Visit) -> Ask:
    """What stands in the form where what was asked for is none."""
    return Ask(time_range({}, visit.now_ms), tenant_of(visit))


def tenant_of(visit: Visit) -> str:
    """Whose figures: one's own, unless the address says otherwise. Raises Forbidden."""
    usual = EVERYONE if visit.visitor.may("operate") else visit.visitor.tenant
    tenant = visit.query.get("tenant") or usual
    if not visit.visitor.sees(tenant):
        raise Forbidden
    return tenant
