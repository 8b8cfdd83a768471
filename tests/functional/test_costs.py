"""The forecast, over real rows."""

from __future__ import annotations

import pytest

from infra.costs import main
from shared.budget.ledger import Budget
from shared.budget.setting import parse_budgets
from shared.spend import Spend
from tests.fakes.row_stores import rows_on
from tests.localcloud.tablestore.tablestore_server import RunningTablestore

# 10 November 2026, noon in Beijing.
NOON_MS = 1_794_283_200_000


def test_the_table_names_who_will_be_over(
    tablestore: RunningTablestore, capsys: pytest.CaptureFixture[str]
) -> None:
    budgets = '{"shop": {"month": {"cny": 20}}}'
    budget, store = Budget(parse_budgets(budgets)), rows_on(tablestore)
    for tenant in ("shop", "clinic"):
        charge = budget.charge([Spend(tenant, "x", 9_500)], entry="a", now_ms=NOON_MS)
        assert all(store.apply(charge))
    root = tablestore.cloud.identities.root
    environment = {
        "SESAME_TABLESTORE_ENDPOINT": tablestore.endpoint,
        "SESAME_TABLESTORE_INSTANCE": "local",
        "ALIBABA_CLOUD_ACCESS_KEY_ID": root.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": root.access_key_secret,
        "SESAME_BUDGETS": budgets,
    }

    assert main(["forecast"], environment, NOON_MS) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["tenant", "clinic", "shop"]
    assert "over the limit" in lines[2]
    assert "over the limit" not in lines[1]


def test_what_is_not_set_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast"], {}) == 1
    assert "is not set" in capsys.readouterr().err
