"""What messages cost so far, and what they will have cost at the end of the month.

    python -m infra.costs forecast [--tenant T]

with SESAME_TABLESTORE_* and credentials in the environment, and SESAME_BUDGETS for the limits.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime

from infra.quiet_tablestore import ots
from infra.tables import client_from
from shared.budget.forecast import Forecast, forecast_of
from shared.budget.model import UTC8
from shared.budget.setting import parse_budgets
from shared.errors import SettingsInvalid
from shared.rows import RECORDS, Row

_SUBJECT = "budget:"


def line_of(tenant: str, month: Forecast) -> str:
    """A tenant's line of the table. month: its money."""
    limit = "-" if month.month_limit is None else f"{month.month_limit / 1000:.2f}"
    return (
        f"{tenant:<20}{month.today / 1000:>12.2f}{month.month / 1000:>12.2f}"
        f"{month.forecast / 1000:>12.2f}{limit:>12}{'  over the limit' if month.is_over else ''}"
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
            print(line_of(tenant, forecast_of(row, budgets.get(tenant), at_ms)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
