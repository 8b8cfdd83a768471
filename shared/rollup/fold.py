"""The fold: from the rows that batches count in to the totals that pages read, once a minute.

1. Rows that were noted are looked at. What is new in them (findings.py) is added to the hours in
   which their messages were sent, and marked in them as counted; the notes go. All of that is
   written down as one plan, by compare-and-set, before anything of it is done: so a plan is made
   once, by one fold, and carried out as often as it takes, and what it adds is added once, as each
   row bears the number of the last plan that it took.
2. The totals of every hour that may have changed are added up from all of its rows, and those of
   its day from its hours.
3. An hour that is over and has nothing left to look at is not read again until one of its messages
   has news.

A fold may be cut off anywhere, or not run for days: the rows wait half a year.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from shared.clock import Clock
from shared.observability.events import FIGURES_FOLDED
from shared.observability.logs import log_event
from shared.rollup.counters import (
    SHARDS,
    Note,
    column_of,
    counts_in,
    hour_in,
    hour_row,
    notes_in,
)
from shared.rollup.findings import OpenPhone, findings_in
from shared.rollup.model import HOUR_MS, Cell, Figures, hour_of
from shared.rollup.views import (
    EVERYONE,
    STATE_ROW,
    View,
    length_ms,
    start_of,
    view_change,
    view_in,
    view_key,
    view_of,
)
from shared.rows import RECORDS, Require, Row, RowChange, RowKey, RowStore, Value, number_in

TIME_LIMIT_MS = 40_000
"""No further step is begun later than that; the timer comes again."""
CATCH_UP_HOURS = 72
"""How far back the first fold of all looks."""
SETTLED_AFTER_MS = 15 * 60_000
"""How long after its end an hour may still be written to, by a change that lands late."""
NOTES_A_PLAN = 300
"""Rows that one plan looks at: with three metrics each, what it adds fits into one write."""
_HOURS_A_STEP = 6
_ROWS_A_TRIP = 90
_FOLDS_OWN = "f"


class FoldFigures:
    """Brings totals up to date. Call it. Raises StoreUnavailable, and then the next run goes on
    where this one stopped. open_phone: the phone of a message's row. price_milli: what one code to
    a country costs, in thousandths of CNY.
    """

    def __init__(
        self,
        *,
        store: RowStore,
        clock: Clock,
        open_phone: OpenPhone,
        price_milli: Callable[[str], int],
    ) -> None:
        self._store = store
        self._clock = clock
        self._open_phone = open_phone
        self._price_milli = price_milli

    def __call__(self) -> None:
        """One run."""
        started_ms = self._clock.now_ms()
        (state,) = self._store.read([STATE_ROW])
        touched = self._carry_out(state or {}) | _hours_in(state)
        now_hour = hour_of(started_ms)
        first = number_in(state or {}, "done_hour") or now_hour - CATCH_UP_HOURS
        first = min(first, now_hour - 1)  # the clock may have been set back
        done, is_unbroken = first, True
        for start in range(first, now_hour + 1, _HOURS_A_STEP):
            hours = range(start, min(start + _HOURS_A_STEP, now_hour + 1))
            is_empty, changed = self._settle(hours, started_ms)
            touched |= changed
            is_unbroken = is_unbroken and is_empty
            done = hours.stop if is_unbroken else done
            if self._clock.now_ms() - started_ms > TIME_LIMIT_MS:
                break
        (state,) = self._store.read([STATE_ROW])
        self._total(touched)
        done = min(done, hour_of(started_ms - SETTLED_AFTER_MS))
        self._end(state or {}, done_hour=done, started_ms=started_ms)
        duration_ms = self._clock.now_ms() - started_ms
        log_event(FIGURES_FOLDED, hours=len(touched), duration_ms=duration_ms)

    def _end(self, state: Row, *, done_hour: int, started_ms: int) -> None:
        """Hours before `done_hour` need not be read again, and no hour is left to be added up."""
        ended: dict[str, Value] = {
            "done_hour": done_hour,
            "hours": "[]",
            "folded_ms": started_ms,
        }
        number = number_in(state, "plan_number")
        requires = (Require("plan_number", "==", number, if_missing=True),)
        self._store.apply([RowChange(STATE_ROW, requires=requires, puts=ended)])

    # --- looking at what was noted -----------------------------------------------------------

    def _settle(self, hours: range, started_ms: int) -> tuple[bool, set[int]]:
        """Settle what is noted in some hours and due; whether no note is left, and the hours that
        have counts or were added to.
        """
        rows = self._read([hour_row(hour, shard) for hour in hours for shard in range(SHARDS)])
        touched = {hour_in(key) for key, row in rows.items() if row}
        plans, is_all = _due(rows, self._clock.now_ms())
        for due in plans:
            touched |= self._carry_out(self._written_down(self._plan(due)))
            if self._clock.now_ms() - started_ms > TIME_LIMIT_MS:
                return False, touched
        return is_all, touched

    def _plan(self, due: Sequence[tuple[RowKey, Note]]) -> dict[str, object]:
        """What the noted rows add and are to be marked with, and which notes go, as plain data."""
        now_ms = self._clock.now_ms()
        rows = self._read(list(dict.fromkeys(key for _, note in due for key in note.keys)))
        adds: dict[str, Counter[str]] = {}
        marks: list[list[object]] = []
        for key, row in rows.items():
            found = findings_in(key, row, now_ms=now_ms, open_phone=self._open_phone)
            for finding in found:
                of_hour = adds.setdefault(str(finding.hour), Counter())
                for metric, count in finding.counts.items():
                    of_hour[column_of(finding.cell, metric)] += count
            if found:
                columns = dict(finding.mark for finding in found)
                marks.append([key.table, key.subject, key.item, columns])
        gone: dict[str, list[str]] = {}
        for key, note in due:
            gone.setdefault(key.subject, []).append(note.column)
        return {"adds": adds, "marks": marks, "gone": gone}

    def _written_down(self, plan: Mapping[str, object]) -> Row:
        """The state with the plan in it; without one if another fold was faster."""
        (state,) = self._store.read([STATE_ROW])
        number = number_in(state or {}, "plan_number")
        written: dict[str, Value] = {"plan": json.dumps(plan), "plan_number": number + 1}
        change = RowChange(
            STATE_ROW,
            requires=(
                Require("plan_number", "==", number, if_missing=True),
                Require("plan", "==", "", if_missing=True),
            ),
            puts=written,
            proof=("plan", written["plan"]),
        )
        return {**(state or {}), **written} if self._store.apply([change])[0] else {}

    def _carry_out(self, state: Row) -> set[int]:
        """Do what the plan says that is written down, if one is; the hours that it adds to."""
        if not state.get("plan"):
            return set()
        plan, number = json.loads(str(state["plan"])), number_in(state, "plan_number")
        changes = [
            RowChange(
                hour_row(int(hour), _FOLDS_OWN),
                requires=(Require("m_fold", "<", number, if_missing=True),),
                puts={"m_fold": number},
                adds=counts,
                proof=("m_fold", number),
            )
            for hour, counts in plan["adds"].items()
        ]
        changes += [
            RowChange(RowKey(subject, "counts", RECORDS), deletes=tuple(columns))
            for subject, columns in plan["gone"].items()
        ]
        changes += [
            # Only of rows that are still there: a person may have been erased meanwhile.
            RowChange(
                RowKey(subject, item, table), requires=(Require("tenant", ">", ""),), puts=columns
            )
            for table, subject, item, columns in plan["marks"]
        ]
        for start in range(0, len(changes), _ROWS_A_TRIP):
            self._store.apply(changes[start : start + _ROWS_A_TRIP])
        hours = {int(hour) for hour in plan["adds"]}
        done = RowChange(
            STATE_ROW,
            requires=(Require("plan_number", "==", number),),
            # These have to be added up still, whatever becomes of this run.
            puts={"plan": "", "hours": json.dumps(sorted(hours | _hours_in(state)))},
        )
        self._store.apply([done])
        return hours

    # --- adding up ---------------------------------------------------------------------------

    def _total(self, hours: Collection[int]) -> None:
        """Write the totals of these hours, and of their days."""
        days: dict[int, dict[str, dict[int, View]]] = {}
        for hour in sorted(hours):
            views = self._views_of(hour)
            day = start_of("day", hour * HOUR_MS)
            for tenant, view in views.items():
                days.setdefault(day, {}).setdefault(tenant, {})[view.start_ms] = view
        for day, tenants in days.items():
            for tenant, fresh in tenants.items():
                self._total_day(tenant, day, fresh)

    def _views_of(self, hour: int) -> dict[str, View]:
        """An hour's totals from all of its rows, of each tenant and of everyone."""
        shards: list[int | str] = [*range(SHARDS), _FOLDS_OWN]
        rows = self._read([hour_row(hour, shard) for shard in shards])
        cells: dict[Cell, Counter[str]] = {}
        for row in rows.values():
            for cell, counts in counts_in(row).items():
                cells.setdefault(cell, Counter()).update(counts)
        figures = [(cell, self._priced(cell, counts)) for cell, counts in cells.items()]
        views = {
            tenant: view_of(
                [each for each in figures if each[0].tenant == tenant],
                span="hour",
                start_ms=hour * HOUR_MS,
                is_everyone=False,
            )
            for tenant in sorted({cell.tenant for cell in cells})
        }
        if figures:
            views[EVERYONE] = view_of(
                figures, span="hour", start_ms=hour * HOUR_MS, is_everyone=True
            )
        return views

    def _priced(self, cell: Cell, counts: Counter[str]) -> Figures:
        """The figures with what its codes cost: one segment each, by the prices of now."""
        priced, codes = Counter(counts), counts["codes"]
        if codes:
            priced["segments"] += codes
            priced["cost_milli"] += codes * self._price_milli(cell.country)
        return Figures({metric: count for metric, count in priced.items() if count})

    def _total_day(self, tenant: str, day_ms: int, fresh: Mapping[int, View]) -> None:
        """Write some hours and the day that they are of."""
        starts = range(day_ms, day_ms + length_ms("day"), HOUR_MS)
        keys = {start: view_key(tenant, "hour", start) for start in starts}
        day_key = view_key(tenant, "day", day_ms)
        held = self._read([*keys.values(), day_key])
        hours = {
            start: fresh.get(start) or view_in(held[key], span="hour", start_ms=start)
            for start, key in keys.items()
        }
        day = View("day", day_ms)
        for view in hours.values():
            day = day.plus(view)
        changes = [view_change(tenant, view) for view in (*fresh.values(), day)]
        news = [
            change for change in changes if (held[change.key] or {}).get("v") != change.puts["v"]
        ]
        self._store.apply(news)

    def _read(self, keys: Sequence[RowKey]) -> dict[RowKey, Row | None]:
        """The rows, in as many trips as they need."""
        rows: dict[RowKey, Row | None] = {}
        for start in range(0, len(keys), _ROWS_A_TRIP):
            part = keys[start : start + _ROWS_A_TRIP]
            rows.update(zip(part, self._store.read(part), strict=True))
        return rows


def _hours_in(state: Row | None) -> set[int]:
    """The hours that are to be added up."""
    return set(json.loads(str((state or {}).get("hours", "[]"))))


def _due(
    rows: Mapping[RowKey, Row | None], now_ms: int
) -> tuple[list[list[tuple[RowKey, Note]]], bool]:
    """The notes that are due, in plan's worths; and whether these are all there are."""
    plans: list[list[tuple[RowKey, Note]]] = []
    size, is_all = NOTES_A_PLAN, True
    for key, row in rows.items():
        for note in notes_in(row):
            if note.due_ms > now_ms:
                is_all = False
                continue
            if size + len(note.keys) > NOTES_A_PLAN:
                plans.append([])
                size = 0
            plans[-1].append((key, note))
            size += len(note.keys)
    return plans, is_all
