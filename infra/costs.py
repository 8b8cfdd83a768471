"""What messages cost so far, and what they will have cost at the end of the month.

    python -m infra.costs forecast [--tenant T]

with SESAME_TABLESTORE_* and credentials in the environment, and SESAME_BUDGETS for the limits.
"""

from __future__ import annotations

import argparse
import calendar
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.quiet_tablestore import ots
from infra.tables import client_from
from shared.budget.model import UTC8, Limits, column_of, day_of, month_of
from shared.budget.setting import parse_budgets
from shared.errors import SettingsInvalid
from shared.rows import RECORDS, Row, number_in

_SUBJECT = "budget:"


@dataclass(frozen=True, slots=True)
class Forecast:
    """One tenant's month. Money in thousandths of CNY; limit_milli: None for no limit."""

    tenant: str
    today_milli: int
    month_milli: int
    forecast_milli: int
    limit_milli: int | None

    @property
    def line(self) -> str:
        """For the table."""
        limit = "-" if self.limit_milli is None else f"{self.limit_milli / 1000:.2f}"
        over = self.limit_milli is not None and self.forecast_milli > self.limit_milli
        return (
            f"{self.tenant:<20}{self.today_milli / 1000:>12.2f}{self.month_milli / 1000:>12.2f}"
            f"{self.forecast_milli / 1000:>12.2f}{limit:>12}{'  over the limit' if over else ''}"
        )


def forecast_of(tenant: str, row: Row, limits: Limits | None, now_ms: int) -> Forecast:
    """The month at the rate of its days so far, today's part counted by the clock."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC8)
    month_milli = number_in(row, column_of(month_of(now_ms), "cny"))
    gone_days = now.day - 1 + (now.hour * 60 + now.minute + 1) / 1440
    days = calendar.monthrange(now.year, now.month)[1]
    return Forecast(
        tenant=tenant,
        today_milli=number_in(row, column_of(day_of(now_ms), "cny")),
        month_milli=month_milli,
        forecast_milli=round(month_milli / gone_days * days),
        limit_milli=limits.month.milli if limits else None,
    )


def tenant_rows(client: ots.OTSClient) -> dict[str, Row]:
    """The spending of every tenant that ever spent."""
    found: dict[str, Row] = {}
    start = [("subject", _SUBJECT), ("item", ots.INF_MIN)]
    end = [("subject", "budget;"), ("item", ots.INF_MIN)]
    while start:
        _, start, rows, _ = client.get_range(RECORDS, "FORWARD", start, end, max_version=1)
        for row in rows:
            (_, subject), (_, item) = row.primary_key[:2]
            if item == "tenant":
                columns = {name: value for name, value, _ in row.attribute_columns}
                found[subject.removeprefix(_SUBJECT)] = columns
    return found


def main(
    arguments: Sequence[str], environment: Mapping[str, str], now_ms: int | None = None
) -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.costs")
    parser.add_argument("command", choices=["forecast"])
    parser.add_argument("--tenant")
    asked = parser.parse_args(arguments)
    at_ms = int(datetime.now(UTC8).timestamp() * 1000) if now_ms is None else now_ms
    try:
        budgets = parse_budgets(environment.get("SESAME_BUDGETS", ""))
        rows = tenant_rows(client_from(environment))
    except KeyError as missing:
        print(f"costs: {missing.args[0]} is not set", file=sys.stderr)
        return 1
    except (SettingsInvalid, ots.OTSServiceError, ots.OTSClientError) as error:
        print(f"costs: {error}", file=sys.stderr)
        return 1
    print(f"{'tenant':<20}{'today CNY':>12}{'month':>12}{'forecast':>12}{'limit':>12}")
    for tenant, row in sorted(rows.items()):
        if asked.tenant in (None, tenant):
            print(forecast_of(tenant, row, budgets.get(tenant), at_ms).line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
