"""The opt-in run of the contracts against the real cloud: `LIVE=1`, real credentials, and an
instance of its own.

    LIVE=1 LIVE_TABLESTORE_ENDPOINT=https://NAME-live.cn-hangzhou.ots.aliyuncs.com \\
    LIVE_TABLESTORE_INSTANCE=NAME-live ALIBABA_CLOUD_ACCESS_KEY_ID=... \\
    ALIBABA_CLOUD_ACCESS_KEY_SECRET=... .venv/bin/python -m pytest tests/contract/test_row_store.py

Every test begins with empty tables, so all rows of the instance are deleted; for that reason its
name must end in `-live`. Only the row store's contract is run: the others script faults, move the
clock or read phones, which the real cloud lets nobody do, and a real SMS costs money.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tablestore as ots

from infra.tables import TABLES, apply_tables

BATCH_ROWS = 200
SUFFIX = "-live"


class LiveMisconfigured(Exception):
    """What the live run lacks, all at once."""


@dataclass(frozen=True, slots=True)
class LiveTablestore:
    """A real instance that nothing else uses."""

    endpoint: str
    instance: str
    access_key_id: str
    access_key_secret: str
    security_token: str

    def client(self) -> ots.OTSClient:
        """The SDK's client."""
        token = {"sts_token": self.security_token} if self.security_token else {}
        return ots.OTSClient(
            self.endpoint, self.access_key_id, self.access_key_secret, self.instance, **token
        )


def is_asked_for(environment: Mapping[str, str]) -> bool:
    """True for `LIVE=1`."""
    return environment.get("LIVE") == "1"


def read_place(environment: Mapping[str, str]) -> LiveTablestore:
    """The instance that the environment names. Raises LiveMisconfigured."""
    names = (
        "LIVE_TABLESTORE_ENDPOINT",
        "LIVE_TABLESTORE_INSTANCE",
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    )
    problems = [f"{name} is not set" for name in names if not environment.get(name)]
    if not environment.get("LIVE_TABLESTORE_INSTANCE", SUFFIX).endswith(SUFFIX):
        problems.append(f"LIVE_TABLESTORE_INSTANCE must end in {SUFFIX}: its rows are deleted")
    if problems:
        raise LiveMisconfigured("; ".join(problems))
    token = environment.get("ALIBABA_CLOUD_SECURITY_TOKEN", "")
    return LiveTablestore(*(environment[name] for name in names), token)


def make_empty(client: ots.OTSClient) -> None:
    """Have the product's tables, without a row."""
    apply_tables(client)
    for table in TABLES:
        low = [(name, ots.INF_MIN) for name in table.key]
        high = [(name, ots.INF_MAX) for name in table.key]
        start: Any = low  # the SDK's untyped key
        while start is not None:
            _, start, rows, _ = client.get_range(
                table.name, "FORWARD", start, high, limit=BATCH_ROWS, max_version=1
            )
            if rows:
                _delete(client, table.name, [row.primary_key for row in rows])


def _delete(client: ots.OTSClient, table: str, keys: list[Any]) -> None:
    condition = ots.Condition("IGNORE")
    items = [ots.DeleteRowItem(ots.Row(key), condition) for key in keys]
    request = ots.BatchWriteRowRequest()
    request.add(ots.TableInBatchWriteRowItem(table, items))
    answer = client.batch_write_row(request)
    if not answer.is_all_succeed():
        raise LiveMisconfigured(f"{table}: rows could not be deleted")
