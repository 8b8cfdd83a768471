"""Watching budgets: someone is told once at each threshold of each period."""

from __future__ import annotations

import logging

from shared.budget.ledger import THRESHOLDS, Budget, tenant_key
from shared.clock import Clock
from shared.observability.events import BUDGET_THRESHOLD_REACHED
from shared.observability.logs import log_event
from shared.rows import RowKey, RowStore
from shared.spend import Spend

_PAGE = 100


class WatchBudgets:
    """Looks at every row that has a limit. Call it; how many alerts that gave. One read, and one
    write if a threshold was passed. Raises StoreUnavailable.
    """

    def __init__(self, *, budget: Budget, store: RowStore, clock: Clock) -> None:
        self._budget = budget
        self._store = store
        self._clock = clock

    def __call__(self) -> int:
        """The alerts are log events, each at a level that an alarm can hang on."""
        now_ms, keys = self._clock.now_ms(), self._keys()
        alerts = 0
        for start in range(0, len(keys), _PAGE):
            part = keys[start : start + _PAGE]
            rows = dict(zip(part, self._store.read(part), strict=True))
            passed = [
                (state, threshold)
                for state in self._budget.states(rows, now_ms)
                for threshold in THRESHOLDS
                if state.ratio * 100 >= threshold
            ]
            told = self._store.apply([self._budget.alert(*each) for each in passed])
            for (state, threshold), is_first in zip(passed, told, strict=True):
                if is_first:
                    alerts += 1
                    log_event(
                        BUDGET_THRESHOLD_REACHED,
                        level=logging.ERROR if threshold == 100 else logging.WARNING,
                        tenant=state.tenant,
                        scope=state.scope,
                        period=state.period,
                        threshold_percent=threshold,
                        spent=state.spent,
                        limit=state.limit,
                        unit=state.unit,
                    )
        return alerts

    def _keys(self) -> list[RowKey]:
        keys: dict[RowKey, None] = {}
        for tenant, limits in self._budget.limits.items():
            keys[tenant_key(tenant)] = None
            for template in limits.templates:
                for key in self._budget.keys([Spend(tenant, template, 0)]):
                    keys[key] = None
        return list(keys)
