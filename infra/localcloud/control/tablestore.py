"""The switches of the local Tablestore over the control plane."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from infra.localcloud.control.orders import Order
from infra.localcloud.control.replies import answer, read_order
from infra.localcloud.control.watched import Watch
from infra.localcloud.core.problems import RequestRefused
from infra.localcloud.tablestore.behaviour import Behaviour


class BehaviourOrder(Order):
    """Set switches; what is left out stays. They are off again after a restart."""

    returns_key_after_modify: bool | None = None
    interleaves_batches: bool | None = None
    transactions_everywhere: bool | None = None
    index_lag_ms: int | None = Field(default=None, ge=0, le=3_600_000)
    table_operations_per_s: int | None = Field(default=None, ge=1, le=10_000)


class TablestoreRoutes:
    """The routes; each is a 404 in a cloud without Tablestore."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def routes(self) -> list[web.RouteDef]:
        """What the control plane adds to its own."""
        return [
            web.get("/tablestore", self._read_behaviour),
            web.post("/tablestore", self._set_behaviour),
        ]

    async def _read_behaviour(self, request: web.Request) -> web.Response:
        return answer(_shown(self._behaviour))

    async def _set_behaviour(self, request: web.Request) -> web.Response:
        order = await read_order(request, BehaviourOrder)
        behaviour = self._behaviour
        for name, value in order.model_dump(exclude_none=True).items():
            setattr(behaviour, name, value)
        return answer(_shown(behaviour))

    @property
    def _behaviour(self) -> Behaviour:
        behaviour = self._watch().behaviour
        if behaviour is None:
            raise RequestRefused(404, "This cloud has no Tablestore")
        return behaviour


def _shown(behaviour: Behaviour) -> dict[str, object]:
    return {name: getattr(behaviour, name) for name in BehaviourOrder.model_fields}
