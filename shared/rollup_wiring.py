"""The composition root of the fold: what is counted becomes what pages read, and what rules of
conversion in shadow go by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.clock import SystemClock
from shared.settings import AbuseSettings, FoldSettings, StoreSettings
from shared.wiring import deployed_settings

if TYPE_CHECKING:
    from collections.abc import Collection

    from shared.abuse.watch import ReadHours, WatchConversion
    from shared.clock import Clock
    from shared.fc.batch_handler import Task
    from shared.phone import PhoneNumber
    from shared.rollup.model import Figures
    from shared.rows import Row, RowStore

_ROWS_A_TRIP = 90


def fold_figures() -> Task:
    """The timer. Raises SettingsInvalid."""
    from shared.aliyun.tablestore import TablestoreRows
    from shared.notifications.message_rows import recipient_of
    from shared.rollup.fold import FoldFigures
    from shared.sealed import Sealer
    from shared.templates.prices import read_prices, unit_price_milli

    store, fold, abuse = deployed_settings(StoreSettings, FoldSettings, AbuseSettings)
    sealer, prices = Sealer(fold.record_key), read_prices(fold.prices)
    rows, clock = TablestoreRows(endpoint=store.endpoint, instance=store.instance), SystemClock()

    def open_phone(row: Row) -> PhoneNumber | None:
        recipient = recipient_of(sealer.open(str(row.get("sealed", ""))))
        return recipient.phone if recipient else None

    fold_all = FoldFigures(
        store=rows,
        clock=clock,
        open_phone=open_phone,
        price_milli=lambda country: unit_price_milli(country, "otp", prices),
    )
    return then_watch(fold_all, watch_conversion(abuse.rules, store=rows, clock=clock))


def then_watch(fold: Task, watch: WatchConversion) -> Task:
    """Fold, then look at what rules in shadow say to it. What fails in the watch fails no fold:
    the store tells of itself, and a bug is told as one.
    """
    from shared.fc.handler import attempt

    def run() -> None:
        fold()
        attempt(watch)

    return run if watch.is_needed else fold


def watch_conversion(setting: str, *, store: RowStore, clock: Clock) -> WatchConversion:
    """The rules of OTP_ABUSE over the totals of hours. Raises SettingsInvalid."""
    from shared.abuse.model import AbuseRules
    from shared.abuse.watch import WatchConversion

    rules = AbuseRules()
    if setting.strip():
        from shared.abuse.setting import parse_abuse

        rules = parse_abuse(setting)
    return WatchConversion(rules=rules, read_hours=code_hours(store), store=store, clock=clock)


def code_hours(store: RowStore) -> ReadHours:
    """Reads codes by hour from the totals; a round trip for each 90 hours of a tenant."""
    from shared.abuse.watch import CodeHour, Ended
    from shared.rollup.model import HOUR_MS
    from shared.rollup.views import view_in, view_key

    def ended(figures: Figures) -> Ended:
        typed = figures.number("verified")
        return Ended(typed + figures.number("unverified"), typed)

    def read(tenants: Collection[str], hours: range) -> dict[str, list[CodeHour]]:
        wanted = [(tenant, hour * HOUR_MS) for tenant in tenants for hour in hours]
        keys = [view_key(tenant, "hour", start_ms) for tenant, start_ms in wanted]
        rows = [
            row
            for first in range(0, len(keys), _ROWS_A_TRIP)
            for row in store.read(keys[first : first + _ROWS_A_TRIP])
        ]
        found: dict[str, list[CodeHour]] = {tenant: [] for tenant in tenants}
        for (tenant, start_ms), row in zip(wanted, rows, strict=True):
            view = view_in(row, span="hour", start_ms=start_ms)
            countries: dict[tuple[str, str], Ended] = {}
            for (country, _, _, owner), figures in view.groups.items():
                place = (owner or tenant, country)
                countries[place] = countries.get(place, Ended()).plus(ended(figures))
            prefixes = {name: ended(figures) for name, figures in view.prefixes.items()}
            found[tenant].append(CodeHour(countries, prefixes))
        return found

    return read
