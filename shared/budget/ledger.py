"""Budgets that are never overspent, charged without a read.

A tenant has one row, and so has each of its templates with a limit; each counts money and messages
by day and month at UTC+8. A charge is one conditional update a row: `spent <= limit - amount`. It
is all or nothing in a row, but not over rows: where one refuses, give back what the others took
(`refund` with their keys), read them, and charge again what still fits (`fit`).

Whatever is lost on the way counts too much, never too little: a copy of a charge that comes late
counts twice, a refund counts at most once.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from shared.budget.model import BudgetState, Cap, Limits, Unit, column_of, day_of, month_of
from shared.rows import RECORDS, Require, Row, RowChange, RowKey, number_in, require_absent
from shared.spend import Spend

THRESHOLDS = (50, 80, 100)
"""Per cent at which someone is told."""
_SLOTS = 32
"""Marks of charges and refunds share so many columns, so that a row does not grow with each."""
_TENANT = "tenant"
_TEMPLATE = "template:"
_SUBJECT = "budget:"


@dataclass(frozen=True, slots=True)
class Budget:
    """Plans charges against the limits of tenants. Who has no entry has no limit, and is counted
    all the same; templates are counted where they have one.
    """

    limits: Mapping[str, Limits]

    def charge(self, spends: Sequence[Spend], *, entry: str, now_ms: int) -> list[RowChange]:
        """Take all of `spends`, one change a row; a row refuses if they do not fit into it whole.

        entry: names this charge; another try is another entry.
        """
        changes = []
        for key, total in self._totals(spends).items():
            mark = f"at_{_slot(entry)}"
            changes.append(
                RowChange(
                    key,
                    requires=tuple(
                        # An absent column is a spending of 0.
                        Require(column, "<=", cap - amount, if_missing=amount <= cap)
                        for column, amount, cap in self._capped(key, total, now_ms)
                    ),
                    puts={mark: entry},
                    adds=_amounts(total, now_ms),
                    proof=(mark, entry),
                )
            )
        return changes

    def fit(
        self, spends: Sequence[Spend], rows: Mapping[RowKey, Row | None], *, now_ms: int
    ) -> list[bool]:
        """Which of `spends` still fit by the rows as read, each after those that fit before it."""
        taken: Counter[tuple[RowKey, str]] = Counter()
        verdicts = []
        for spend in spends:
            needs = [
                (key, column, amount, cap)
                for key in self._keys(spend)
                for column, amount, cap in self._capped(key, spend, now_ms)
            ]
            fits = all(
                number_in(rows.get(key) or {}, column) + taken[key, column] + amount <= cap
                for key, column, amount, cap in needs
            )
            if fits:
                for key, column, amount, _ in needs:
                    taken[key, column] += amount
            verdicts.append(fits)
        return verdicts

    def refund(
        self,
        spends: Sequence[Spend],
        *,
        now_ms: int,
        charged_ms: int | None = None,
        entry: str = "",
        rows: Container[RowKey] | None = None,
    ) -> list[RowChange]:
        """Give `spends` back to the day and month of `charged_ms`, the `now_ms` of their charge.

        rows: only to these; None: to all. A refund happens at most once. It is refused if another
        one of the same slot bears the same time or a later one: that of an entry of its own hardly
        ever is.
        """
        at_ms = now_ms if charged_ms is None else charged_ms
        mark = f"back_{_slot(entry)}"
        changes = []
        for key, total in self._totals(spends).items():
            if rows is not None and key not in rows:
                continue
            amounts = _amounts(total, at_ms)
            changes.append(
                RowChange(
                    key,
                    requires=(
                        Require(mark, "<", now_ms, if_missing=True),
                        # What was never taken is not given back.
                        *(Require(column, ">", taken - 1) for column, taken in amounts.items()),
                    ),
                    puts={mark: now_ms},
                    adds={column: -taken for column, taken in amounts.items()},
                    proof=(mark, now_ms),
                )
            )
        return changes

    def keys(self, spends: Sequence[Spend]) -> list[RowKey]:
        """The rows that `spends` are charged to, each once."""
        return list(self._totals(spends))

    def states(self, rows: Mapping[RowKey, Row | None], now_ms: int) -> list[BudgetState]:
        """Where the limits of these rows stand, today and this month."""
        states = []
        for key, row in rows.items():
            for period, cap in self._caps(key, now_ms):
                spents = [
                    (_ratio(spent, limit), spent, limit, unit)
                    for unit, limit in _units(cap)
                    for spent in (number_in(row or {}, column_of(period, unit)),)
                ]
                if spents:
                    ratio, spent, limit, unit = max(spents)
                    tenant = tenant_of(key)
                    states.append(BudgetState(tenant, key.item, period, spent, limit, ratio, unit))
        return states

    def alert(self, state: BudgetState, threshold: int) -> RowChange:
        """A change that succeeds once for each row, period and threshold, in per cent."""
        column = f"alert_{state.period}_{threshold}"
        return RowChange(
            RowKey(f"{_SUBJECT}{state.tenant}", state.scope, RECORDS),
            requires=(require_absent(column),),
            puts={column: 1},
            proof=(column, 1),
        )

    def _totals(self, spends: Sequence[Spend]) -> dict[RowKey, Spend]:
        totals: dict[RowKey, Spend] = {}
        for spend in spends:
            for key in self._keys(spend):
                so_far = totals.get(key)
                totals[key] = Spend(
                    spend.tenant,
                    spend.template,
                    spend.milli + (so_far.milli if so_far else 0),
                    spend.count + (so_far.count if so_far else 0),
                )
        return totals

    def _keys(self, spend: Spend) -> list[RowKey]:
        limits = self.limits.get(spend.tenant)
        keys = [tenant_key(spend.tenant)]
        if limits and spend.template in limits.templates:
            keys.append(template_key(spend.tenant, spend.template))
        return keys

    def _caps(self, key: RowKey, now_ms: int) -> list[tuple[str, Cap]]:
        limits: Limits | None = self.limits.get(tenant_of(key))
        if limits and key.item != _TENANT:
            limits = limits.templates.get(key.item.removeprefix(_TEMPLATE))
        if limits is None:
            return []
        return [(day_of(now_ms), limits.day), (month_of(now_ms), limits.month)]

    def _capped(self, key: RowKey, total: Spend, now_ms: int) -> list[tuple[str, int, int]]:
        """(column, amount, cap) for each limit of a row: at most four."""
        return [
            (column_of(period, unit), total.milli if unit == "cny" else total.count, limit)
            for period, cap in self._caps(key, now_ms)
            for unit, limit in _units(cap)
        ]


def tenant_key(tenant: str) -> RowKey:
    """The row that counts all of a tenant's spending."""
    return RowKey(f"{_SUBJECT}{tenant}", _TENANT, RECORDS)


def template_key(tenant: str, template: str) -> RowKey:
    """The row that counts the spending of a template which has limits of its own."""
    return RowKey(f"{_SUBJECT}{tenant}", f"{_TEMPLATE}{template}", RECORDS)


def tenant_of(key: RowKey) -> str:
    """Whose row it is."""
    return key.subject.removeprefix(_SUBJECT)


def _units(cap: Cap) -> list[tuple[Unit, int]]:
    units: list[tuple[Unit, int]] = []
    if cap.milli is not None:
        units.append(("cny", cap.milli))
    if cap.messages is not None:
        units.append(("messages", cap.messages))
    return units


def _amounts(total: Spend, at_ms: int) -> dict[str, int]:
    amounts: dict[Unit, int] = {"cny": total.milli, "messages": total.count}
    return {
        column_of(period, unit): amount
        for period in (day_of(at_ms), month_of(at_ms))
        for unit, amount in amounts.items()
        if amount
    }


def _ratio(spent: int, limit: int) -> float:
    return spent / limit if limit else 1.0


def _slot(entry: str) -> int:
    return zlib.crc32(entry.encode()) % _SLOTS
